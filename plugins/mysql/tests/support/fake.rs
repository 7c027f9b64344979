//! A double of the `mysql` capability: one table in memory and its binlog, with hooks where a real server cannot be
//! stopped. Real servers are for everything else.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::mysql::{
    ByteValues, ConnectOptions, DumpOptions, DumpStart, Failure, FailureKind, Parameter, ResultColumn,
    RowBlock, ServerInfo, ValueColumn, ValueData,
};
use cdc_plugin::host::{Clock, Level, Log, Metrics, Mysql, Session};

use super::binlog::{Binlog, Change, FILE, UUID, heartbeat, rotate};

/// Called with the world when something happens, before it is answered.
pub(crate) type Hook = Box<dyn FnMut(&mut World, &Moment) -> Option<Failure>>;

/// What is about to be answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Moment {
    /// A statement or query.
    Query(String, Vec<Parameter>),
    /// A block of a chunk or of the whole table, counted from 0 in each result.
    Fetch(usize),
    /// Events.
    Events,
}

/// The server.
pub(crate) struct World {
    pub(crate) rows: BTreeMap<i32, String>,
    pub(crate) binlog: Binlog,
    /// Transactions up to this number are visible to selects and executed.
    pub(crate) executed: u64,
    /// Rows as of `executed`, when the binlog is ahead of it.
    pub(crate) visible: Option<BTreeMap<i32, String>>,
    pub(crate) keyed: bool,
    pub(crate) gtids: bool,
    pub(crate) log: Vec<String>,
    pub(crate) statements: Vec<String>,
    /// Rows of a block.
    pub(crate) block_rows: usize,
    /// Nothing is handed to a dump while this holds.
    pub(crate) dump_held: bool,
    /// Of the newest transaction only this many events are handed to a dump while this holds.
    pub(crate) held_within: Option<usize>,
    /// Declared type of the key.
    pub(crate) id_type: &'static str,
    time: u64,
    hook: Option<Hook>,
}

/// The capabilities.
#[derive(Clone)]
pub(crate) struct Fake(pub(crate) Rc<RefCell<World>>);

pub(crate) struct FakeSession {
    world: Rc<RefCell<World>>,
    result: RefCell<Option<Answer>>,
    dump: RefCell<Option<Dump>>,
}

struct Answer {
    fetched: usize,
    blocks: VecDeque<RowBlock>,
    /// Of a chunk or of the whole table.
    rows: bool,
}

struct Dump {
    /// Transactions that were sent or asked not to be.
    sent: usize,
    /// Bytes of the next one that were sent.
    within: usize,
    greeted: bool,
    /// The last heartbeat's offset.
    beat: u64,
}

impl World {
    /// A change that is in the binlog and visible at once.
    pub(crate) fn commit(&mut self, changes: &[Change]) {
        self.flush(changes);
        self.visible = None;
        self.executed = self.binlog.last;
    }

    /// A change that is in the binlog, and that no select sees yet.
    pub(crate) fn flush(&mut self, changes: &[Change]) {
        self.visible.get_or_insert_with(|| self.rows.clone());
        for change in changes {
            match change {
                Change::Insert((id, text)) => drop(self.rows.insert(*id, (*text).to_owned())),
                Change::Delete((id, _)) => drop(self.rows.remove(id)),
                Change::Update((old, _), (id, text)) => {
                    self.rows.remove(old);
                    self.rows.insert(*id, (*text).to_owned());
                }
            }
        }
        self.binlog.commit(changes);
    }

    /// Everything that is in the binlog becomes visible.
    pub(crate) fn settle(&mut self) {
        self.visible = None;
        self.executed = self.binlog.last;
    }

    fn seen(&self) -> BTreeMap<i32, String> {
        self.visible.clone().unwrap_or_else(|| self.rows.clone())
    }

    fn hooked(&mut self, moment: &Moment) -> Result<(), Failure> {
        let Some(mut hook) = self.hook.take() else { return Ok(()) };
        let failure = hook(self, moment);
        self.hook = Some(hook);
        failure.map_or(Ok(()), Err)
    }
}

impl Fake {
    pub(crate) fn new(rows: impl IntoIterator<Item = (i32, &'static str)>, keyed: bool, gtids: bool) -> Self {
        Self(Rc::new(RefCell::new(World {
            rows: rows.into_iter().map(|(id, text)| (id, text.to_owned())).collect(),
            binlog: Binlog::new(gtids),
            executed: 0,
            visible: None,
            keyed,
            gtids,
            log: Vec::new(),
            statements: Vec::new(),
            block_rows: 1000,
            dump_held: false,
            held_within: None,
            id_type: "int",
            time: 0,
            hook: None,
        })))
    }

    pub(crate) fn hook(&self, hook: impl FnMut(&mut World, &Moment) -> Option<Failure> + 'static) {
        self.0.borrow_mut().hook = Some(Box::new(hook));
    }
}

/// The connection ended.
pub(crate) fn closed() -> Failure {
    Failure { kind: FailureKind::Closed, code: None, sql_state: None, message: "gone".into() }
}

impl Mysql for Fake {
    type Session = FakeSession;

    async fn connect(&self, _: ConnectOptions) -> Result<FakeSession, Failure> {
        Ok(FakeSession { world: Rc::clone(&self.0), result: RefCell::default(), dump: RefCell::default() })
    }

    async fn ready(&self, sessions: &[&FakeSession], timeout: Duration) -> Vec<u32> {
        let ready = sessions.iter().enumerate().filter(|(_, session)| session.is_ready());
        let ready: Vec<_> = ready.map(|(index, _)| index as u32).collect();
        if ready.is_empty() {
            self.0.borrow_mut().time += timeout.as_nanos() as u64;
        }
        ready
    }
}

impl FakeSession {
    fn is_ready(&self) -> bool {
        let world = self.world.borrow();
        let dump = self.dump.borrow();
        let events = dump.as_ref().is_some_and(|dump| {
            !world.dump_held
                && (!dump.greeted
                    || !dump.rest(&world).is_empty()
                    || dump.sent == world.binlog.transactions.len() && dump.beat != world.binlog.pos)
        });
        events || self.result.borrow().is_some()
    }

    fn answer(
        &self,
        world: &World,
        sql: &str,
        parameters: &[Parameter],
    ) -> (Vec<ResultColumn>, Vec<RowBlock>) {
        let number = |index: usize| match parameters.get(index) {
            Some(Parameter::Signed(value)) => *value as i32,
            other => panic!("{other:?} is no key"),
        };
        let executed = if world.gtids && world.executed > 0 {
            format!("{UUID}:1-{}", world.executed)
        } else {
            String::new()
        };
        if sql.starts_with("SHOW GLOBAL VARIABLES") {
            let mode = if world.gtids { "ON" } else { "OFF" };
            return text(
                &["Variable_name", "Value"],
                &[
                    &["version", "9.7.4"],
                    &["log_bin", "ON"],
                    &["binlog_format", "ROW"],
                    &["binlog_row_image", "FULL"],
                    &["server_uuid", UUID],
                    &["gtid_mode", mode],
                    &["gtid_purged", ""],
                    &["lower_case_table_names", "0"],
                    &["log_replica_updates", "ON"],
                ],
            );
        }
        match sql {
            "SHOW GRANTS" => text(&["Grants"], &[&["GRANT ALL PRIVILEGES ON *.* TO `u`@`%`"]]),
            "SHOW BINARY LOGS" => text(&["Log_name"], &[&[FILE]]),
            "SHOW BINARY LOG STATUS" => {
                let pos = world.binlog.pos.to_string();
                text(&["File", "Position", "Executed_Gtid_Set"], &[&[FILE, &pos, &executed]])
            }
            "SELECT @@GLOBAL.gtid_executed AS gtids" => text(&["gtids"], &[&[&executed]]),
            _ if sql.contains("information_schema.TABLES") => text(
                &["TABLE_SCHEMA", "TABLE_NAME", "TABLE_ROWS", "AVG_ROW_LENGTH"],
                &[&["d", "t", "5", "10"]],
            ),
            _ if sql.contains("information_schema.COLUMNS") => text(
                &[
                    "TABLE_NAME",
                    "COLUMN_NAME",
                    "DATA_TYPE",
                    "COLUMN_TYPE",
                    "IS_NULLABLE",
                    "CHARACTER_MAXIMUM_LENGTH",
                ],
                &[
                    &["t", "id", world.id_type.split('(').next().unwrap(), world.id_type, "NO", ""],
                    &["t", "v", "varchar", "varchar(20)", "NO", "20"],
                ],
            ),
            _ if sql.contains("information_schema.COLLATIONS") => {
                text(&["ID", "CHARACTER_SET_NAME", "MAXLEN"], &[])
            }
            _ if sql.contains("information_schema.COLUMN_PRIVILEGES") => {
                text(&["TABLE_SCHEMA", "TABLE_NAME"], &[])
            }
            _ if sql.contains("information_schema.STATISTICS") => {
                let rows: &[&[&str]] = if world.keyed { &[&["t", "id"]] } else { &[] };
                text(&["TABLE_NAME", "COLUMN_NAME"], rows)
            }
            _ if sql.contains("DESC LIMIT 1") => keys(world.seen().keys().next_back().copied()),
            _ if sql.contains("LIMIT 1 OFFSET") => {
                let offset = sql.rsplit(' ').next().unwrap().parse().unwrap();
                let (lower, upper) =
                    if parameters.len() == 2 { (number(0), number(1)) } else { (i32::MIN, number(0)) };
                let within =
                    world.seen().into_keys().filter(|id| (*id > lower || lower == i32::MIN) && *id <= upper);
                keys(within.skip(offset).take(1).next())
            }
            _ if sql.starts_with("SELECT `id`, `v`") => {
                let (lower, upper) = match parameters.len() {
                    0 => (i32::MIN, i32::MAX),
                    1 => (i32::MIN, number(0)),
                    _ => (number(0), number(1)),
                };
                let rows: Vec<_> = (world.seen().into_iter())
                    .filter(|(id, _)| (*id > lower || lower == i32::MIN) && *id <= upper)
                    .collect();
                let code = if world.id_type.starts_with("tinyint") { 1 } else { 3 };
                let columns = vec![column("id", code, 63), column("v", 253, 255)];
                (columns, rows.chunks(world.block_rows).map(block).collect())
            }
            _ => panic!("unexpected query: {sql}"),
        }
    }
}

impl Session for FakeSession {
    fn info(&self) -> ServerInfo {
        ServerInfo { version: "9.7.4".into(), connection_id: 7 }
    }

    async fn execute(&self, sql: &str) -> Result<(), Failure> {
        assert!(self.result.borrow().is_none(), "a result is still open");
        let mut world = self.world.borrow_mut();
        world.statements.push(sql.to_owned());
        world.hooked(&Moment::Query(sql.to_owned(), Vec::new()))
    }

    async fn query(&self, sql: &str, parameters: &[Parameter]) -> Result<Vec<ResultColumn>, Failure> {
        assert!(self.result.borrow().is_none(), "a result is still open");
        let mut world = self.world.borrow_mut();
        world.hooked(&Moment::Query(sql.to_owned(), parameters.to_vec()))?;
        let (columns, blocks) = self.answer(&world, sql, parameters);
        let rows = sql.starts_with("SELECT `id`, `v`");
        self.result.replace(Some(Answer { fetched: 0, blocks: blocks.into(), rows }));
        Ok(columns)
    }

    async fn fetch(&self, _: u32) -> Result<Option<RowBlock>, Failure> {
        let (fetched, rows) = {
            let result = self.result.borrow();
            let answer = result.as_ref().expect("a result is open");
            (answer.fetched, answer.rows)
        };
        let hooked = if rows { self.world.borrow_mut().hooked(&Moment::Fetch(fetched)) } else { Ok(()) };
        if let Err(failure) = hooked {
            self.result.replace(None);
            return Err(failure);
        }
        let mut result = self.result.borrow_mut();
        let block = result.as_mut().and_then(|answer| {
            answer.fetched += 1;
            answer.blocks.pop_front()
        });
        if block.is_none() {
            *result = None;
        }
        Ok(block)
    }

    async fn cancel(&self) {
        self.result.replace(None);
    }

    async fn dump(&self, options: DumpOptions) -> Result<(), Failure> {
        let world = self.world.borrow();
        let sent = match options.start {
            DumpStart::GtidSet(set) => {
                let last = set.rsplit([':', '-']).next().unwrap_or_default();
                if set.is_empty() { 0 } else { last.parse().unwrap() }
            }
            DumpStart::FilePosition((_, pos)) => {
                let mut at = 4;
                world
                    .binlog
                    .transactions
                    .iter()
                    .take_while(|events| {
                        let before = at;
                        at += size(events);
                        before < pos
                    })
                    .count()
            }
        };
        self.dump.replace(Some(Dump { sent, within: 0, greeted: false, beat: 0 }));
        Ok(())
    }

    async fn events(&self, _: u32) -> Result<Vec<u8>, Failure> {
        let hooked = self.world.borrow_mut().hooked(&Moment::Events);
        if let Err(failure) = hooked {
            self.dump.replace(None);
            return Err(failure);
        }
        let world = self.world.borrow();
        let mut dump = self.dump.borrow_mut();
        let Some(dump) = dump.as_mut() else { return Err(closed()) };
        let mut events = Vec::new();
        if !dump.greeted {
            dump.greeted = true;
            events = rotate(
                4 + world.binlog.transactions.iter().take(dump.sent).map(|events| size(events)).sum::<u64>(),
            );
        } else if let Some(transaction) = world.binlog.transactions.get(dump.sent) {
            let rest = dump.rest(&world);
            events.extend_from_slice(rest);
            dump.within += rest.len();
            if dump.within == transaction.len() {
                dump.sent += 1;
                dump.within = 0;
            }
        } else {
            dump.beat = world.binlog.pos;
            events = heartbeat(world.binlog.pos);
        }
        Ok(events)
    }
}

impl Dump {
    /// What of the next transaction may be sent now.
    fn rest<'a>(&self, world: &'a World) -> &'a [u8] {
        let Some(transaction) = world.binlog.transactions.get(self.sent) else { return &[] };
        let newest = self.sent + 1 == world.binlog.transactions.len();
        let end = match world.held_within {
            Some(events) if newest => (0..events).fold(0, |at, _| {
                at + 4 + u32::from_le_bytes(transaction[at..at + 4].try_into().unwrap()) as usize
            }),
            _ => transaction.len(),
        };
        &transaction[self.within..end]
    }
}

/// Bytes in the file.
fn size(mut events: &[u8]) -> u64 {
    let mut size = 0;
    while !events.is_empty() {
        let len = u32::from_le_bytes(events[..4].try_into().unwrap()) as usize;
        size += len as u64 + 4;
        events = &events[4 + len..];
    }
    size
}

impl Clock for Fake {
    fn now(&self) -> u64 {
        self.monotonic()
    }

    fn monotonic(&self) -> u64 {
        self.0.borrow().time
    }

    async fn sleep(&self, time: Duration) {
        self.0.borrow_mut().time += time.as_nanos() as u64;
    }
}

impl Log for Fake {
    fn log(&self, _: Level, message: &str, _: &[(&str, String)]) {
        self.0.borrow_mut().log.push(message.to_owned());
    }
}

impl Metrics for Fake {
    fn counter(&self, _: &str, _: u64) {}
    fn gauge(&self, _: &str, _: f64) {}
}

fn column(name: &str, type_code: u8, collation: u16) -> ResultColumn {
    ResultColumn { name: name.to_owned(), type_code, flags: 0, collation, length: 80, decimals: 0 }
}

fn bytes<'a>(values: impl Iterator<Item = &'a str>) -> ValueColumn {
    let mut column = ByteValues { offsets: vec![0], data: Vec::new() };
    for value in values {
        column.data.extend(value.as_bytes());
        column.offsets.push(column.data.len() as u32);
    }
    ValueColumn { validity: None, data: ValueData::ByteStrings(column) }
}

fn text(names: &[&str], rows: &[&[&str]]) -> (Vec<ResultColumn>, Vec<RowBlock>) {
    let columns = names.iter().map(|name| column(name, 253, 255)).collect();
    let values = (0..names.len()).map(|index| bytes(rows.iter().map(|row| row[index]))).collect();
    (columns, vec![RowBlock { rows: rows.len() as u32, columns: values }])
}

fn integers(values: impl Iterator<Item = i32>) -> ValueColumn {
    ValueColumn { validity: None, data: ValueData::Int64s(values.map(i64::from).collect()) }
}

fn keys(key: Option<i32>) -> (Vec<ResultColumn>, Vec<RowBlock>) {
    let blocks = key.map(|key| RowBlock { rows: 1, columns: vec![integers(std::iter::once(key))] });
    (vec![column("id", 3, 63)], blocks.into_iter().collect())
}

fn block(rows: &[(i32, String)]) -> RowBlock {
    let columns =
        vec![integers(rows.iter().map(|(id, _)| *id)), bytes(rows.iter().map(|(_, text)| text.as_str()))];
    RowBlock { rows: rows.len() as u32, columns }
}
