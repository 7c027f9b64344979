//! Writes binlog events of a small table `d.t (id INT PRIMARY KEY, v VARCHAR(20))`, or without the key, and of others like it.

/// Who numbers the transactions.
pub(crate) const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
/// The file that is written.
pub(crate) const FILE: &str = "b.000001";

/// A row of the table.
pub(crate) type Row = (i32, &'static str);

/// One change of a row event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Insert(Row),
    Update(Row, Row),
    Delete(Row),
}

/// A binlog under construction.
#[derive(Debug)]
pub(crate) struct Binlog {
    /// Events as the host passes them, each a transaction.
    pub(crate) transactions: Vec<Vec<u8>>,
    /// Offset after the last one.
    pub(crate) pos: u64,
    /// Number of the last transaction.
    pub(crate) last: u64,
    gtids: bool,
}

impl Binlog {
    pub(crate) fn new(gtids: bool) -> Self {
        Self { transactions: Vec::new(), pos: 4, last: 0, gtids }
    }

    /// A transaction of these changes, each in an event of its own.
    pub(crate) fn commit(&mut self, changes: &[Change]) {
        let changes: Vec<_> = changes.iter().map(|change| ("t", *change)).collect();
        self.commit_in(&changes);
    }

    /// Likewise, each in the table of that name, which has one letter.
    pub(crate) fn commit_in(&mut self, changes: &[(&str, Change)]) {
        self.last += 1;
        let mut events = Vec::new();
        self.head(&mut events);
        self.query(&mut events, "BEGIN");
        for (table, change) in changes {
            let number = table.as_bytes()[0];
            self.event(&mut events, 19, &table_map(number));
            let (code, images): (u8, Vec<Row>) = match change {
                Change::Insert(row) => (30, vec![*row]),
                Change::Update(before, after) => (31, vec![*before, *after]),
                Change::Delete(row) => (32, vec![*row]),
            };
            let mut body = vec![number, 0, 0, 0, 0, 0, 1, 0, 2, 0, 2];
            body.extend(std::iter::repeat_n(3, images.len()));
            for (id, text) in images {
                body.push(0);
                body.extend(id.to_le_bytes());
                body.push(text.len() as u8);
                body.extend(text.as_bytes());
            }
            self.event(&mut events, code, &body);
        }
        let number = self.last;
        self.event(&mut events, 16, &number.to_le_bytes());
        self.transactions.push(events);
    }

    /// A statement that is a transaction of its own.
    pub(crate) fn statement(&mut self, sql: &str) {
        self.last += 1;
        let mut events = Vec::new();
        self.head(&mut events);
        self.query(&mut events, sql);
        self.transactions.push(events);
    }

    fn head(&mut self, events: &mut Vec<u8>) {
        let mut body = vec![1];
        body.extend(uuid());
        body.extend(self.last.to_le_bytes());
        body.push(2);
        body.extend([0; 16]);
        body.extend(&(1_700_000_000_000_000u64 + self.last).to_le_bytes()[..7]);
        self.event(events, if self.gtids { 33 } else { 34 }, &body);
    }

    fn query(&mut self, events: &mut Vec<u8>, sql: &str) {
        let mut body = vec![0; 8];
        body.extend([1, 0, 0, 0, 0, b'd', 0]);
        body.extend(sql.as_bytes());
        self.event(events, 2, &body);
    }

    fn event(&mut self, events: &mut Vec<u8>, code: u8, body: &[u8]) {
        // The checksum counts in the size, and is not passed.
        let size = 19 + body.len() as u32 + 4;
        self.pos += u64::from(size);
        push(events, code, size, self.pos as u32, 0, body);
    }
}

/// What the dump thread sends first: where the events that follow are.
pub(crate) fn rotate(pos: u64) -> Vec<u8> {
    let mut body = pos.to_le_bytes().to_vec();
    body.extend(FILE.as_bytes());
    let mut events = Vec::new();
    push(&mut events, 4, 19 + body.len() as u32, 0, 0x20, &body);
    events
}

/// The server is alive and has sent everything up to there.
pub(crate) fn heartbeat(pos: u64) -> Vec<u8> {
    let mut events = Vec::new();
    push(&mut events, 27, 19 + FILE.len() as u32, pos as u32, 0, FILE.as_bytes());
    events
}

fn push(events: &mut Vec<u8>, code: u8, size: u32, log_pos: u32, flags: u16, body: &[u8]) {
    events.extend((19 + body.len() as u32).to_le_bytes());
    events.extend(1_700_000_000u32.to_le_bytes());
    events.push(code);
    events.extend(1u32.to_le_bytes());
    events.extend(size.to_le_bytes());
    events.extend(log_pos.to_le_bytes());
    events.extend(flags.to_le_bytes());
    events.extend_from_slice(body);
}

fn table_map(name: u8) -> Vec<u8> {
    // Columns INT and VARCHAR of at most 80 bytes, neither nullable.
    let mut body = vec![name, 0, 0, 0, 0, 0, 1, 0, 1, b'd', 0, 1, name, 0, 2, 3, 15, 2];
    body.extend(80u16.to_le_bytes());
    body.push(0);
    body
}

fn uuid() -> Vec<u8> {
    let digits: Vec<u8> = UUID.bytes().filter(|byte| *byte != b'-').collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
