//! Whole flows against the emulator over TCP, with verified signatures.

use std::time::Duration;

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::options::Setting;
use cdc_plugin::sink::{Applied, CommitOutcome, Committable, Mode};
use cdc_plugin::types::RowKind::{self, Delete, Insert, UpdateAfter, UpdateBefore};
use cdc_plugin::types::{Blame, Column, DecimalType, LogicalType, TableId, TableSchema};
use cdc_plugin_maxcompute::sink::Sink;
use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::{Config, Emulator, Operation};

use crate::support::native::NativeHost;
use crate::support::tables::{batch, creation, options, orders, plain};

/// Of sessions that expire while a test waits for it.
const LIFETIME: Duration = Duration::from_secs(2);

const KEY: &str = "VerySecretKey";

/// An emulator, and sinks on it that share nothing, as those of several processes.
struct Place {
    emulator: Emulator,
    host: NativeHost,
}

impl Place {
    async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("p");
        config.access_key = Some(AccessKey::new("the-id".to_owned(), KEY.to_owned()));
        change(&mut config);
        let emulator = Emulator::start(config).await.unwrap();
        Self { emulator, host: NativeHost::new(&[("key-handle", KEY)]) }
    }

    async fn plain() -> Self {
        Self::new(|_| ()).await
    }

    fn sink(&self) -> Sink<NativeHost> {
        self.sink_with(&[])
    }

    fn sink_with(&self, more: &[Setting]) -> Sink<NativeHost> {
        let mut settings = options(&format!("{}/api", self.emulator.endpoint()));
        settings.extend_from_slice(more);
        Sink::configure(self.host.clone(), &settings).unwrap()
    }

    /// Rows of a table, as comma-separated text without the header, sorted.
    async fn rows(&self, table: &str) -> Vec<String> {
        crate::support::select::rows(&self.host, &self.emulator.endpoint(), table).await
    }

    fn count(&self, operation: Operation) -> usize {
        self.emulator.journal().entries_of(operation).len()
    }
}

async fn created(place: &Place, schema: &TableSchema) -> Sink<NativeHost> {
    let sink = place.sink();
    assert_eq!(sink.apply(&creation(schema)).await.unwrap(), Applied::Done);
    sink
}

/// Write, prepare and give the one committable.
async fn prepared(
    sink: &Sink<NativeHost>,
    schema: &TableSchema,
    rows: &[(RowKind, i64, Option<&str>)],
) -> Committable {
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let written = writer.write(&batch(schema, rows)).await.unwrap();
    assert_eq!(written.rejected, []);
    let mut prepared = writer.prepare().await.unwrap();
    assert_eq!((prepared.committables.len(), prepared.held.len()), (1, 0));
    assert_eq!(writer.buffered(), 0);
    prepared.committables.remove(0)
}

#[tokio::test]
async fn a_keyed_table_ends_equal_to_its_source() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    assert_eq!(sink.open(schema.clone()).await.unwrap().mode(), Mode::Upsert);
    let rows = [
        (Insert, 1, Some("a")),
        (Insert, 2, Some("b")),
        (Insert, 3, None),
        (UpdateBefore, 1, Some("a")),
        (UpdateAfter, 1, Some("c")),
        (Delete, 2, Some("b")),
        (Insert, 9_223_372_036_854_775_807, Some("it's \"quoted\", with a comma")),
    ];
    let committable = prepared(&sink, &schema, &rows).await;
    assert_eq!(place.rows("orders").await, [""; 0], "nothing is visible before the commit");
    assert_eq!(sink.commit(&committable).await.unwrap(), CommitOutcome::Committed);
    let expected = ["1,c", "3,\\N", "9223372036854775807,\"it's \"\"quoted\"\", with a comma\""];
    assert_eq!(place.rows("orders").await, expected);
}

#[tokio::test]
async fn an_append_table_keeps_every_version_and_ignores_deletes() {
    let place = Place::plain().await;
    let schema = orders(false);
    let sink = created(&place, &schema).await;
    assert_eq!(sink.open(schema.clone()).await.unwrap().mode(), Mode::Append);
    let rows = [
        (Insert, 1, Some("a")),
        (UpdateBefore, 1, Some("a")),
        (UpdateAfter, 1, Some("b")),
        (Delete, 1, Some("b")),
    ];
    let committable = prepared(&sink, &schema, &rows).await;
    assert_eq!(place.rows("orders").await, [""; 0]);
    assert_eq!(sink.commit(&committable).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(place.rows("orders").await, ["1,a", "1,b"]);
}

#[tokio::test]
async fn another_process_commits_what_a_dead_one_prepared() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = orders(keyed);
        let committable = {
            let sink = created(&place, &schema).await;
            prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await
        };
        assert_eq!(place.sink().commit(&committable).await.unwrap(), CommitOutcome::Committed);
        // Again, in a third process: a crash between the commit and its record.
        assert_eq!(place.sink().commit(&committable).await.unwrap(), CommitOutcome::Committed);
        assert_eq!(place.rows("orders").await, ["1,a"]);
        let error = place.sink().abort(&committable).await.unwrap_err();
        assert_eq!((error.blame, error.code.as_str()), (Blame::Permanent, "maxcompute.session.committed"));
    }
}

#[tokio::test]
async fn what_is_aborted_never_becomes_visible() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
    place.sink().abort(&committable).await.unwrap();
    place.sink().abort(&committable).await.unwrap();
    assert_eq!(sink.commit(&committable).await.unwrap(), CommitOutcome::Gone);
    assert_eq!(place.rows("orders").await, [""; 0]);
}

#[tokio::test]
async fn a_session_that_expired_is_gone_for_both_kinds_of_tables() {
    for keyed in [true, false] {
        let place = Place::new(|config| config.session_lifetime = LIFETIME).await;
        let schema = orders(keyed);
        let sink = created(&place, &schema).await;
        let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
        tokio::time::sleep(LIFETIME).await;
        assert_eq!(place.sink().commit(&committable).await.unwrap(), CommitOutcome::Gone, "keyed: {keyed}");
        place.sink().abort(&committable).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_that_nobody_knows_is_gone_for_keys_and_unknown_for_history() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = orders(keyed);
        created(&place, &schema).await;
        // Prepared at another service: the same tables, other sessions.
        let other = Place::plain().await;
        let sink = created(&other, &schema).await;
        let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
        let outcome = place.sink().commit(&committable).await.unwrap();
        let error = place.sink().abort(&committable).await.unwrap_err();
        assert_eq!(error.code, "maxcompute.session.unknown");
        if keyed {
            assert_eq!(outcome, CommitOutcome::Gone);
        } else {
            assert!(matches!(outcome, CommitOutcome::Unknown(_)), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn each_epoch_has_its_own_session_and_an_idle_one_none() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.prepare().await.unwrap().committables, []);
    writer.write(&batch(&schema, &[(UpdateBefore, 1, None)])).await.unwrap();
    assert_eq!(writer.prepare().await.unwrap().committables, []);
    assert_eq!(place.count(Operation::CreateUpsert), 0, "before images need no session");

    writer.write(&batch(&schema, &[(Insert, 1, Some("a"))])).await.unwrap();
    let first = writer.prepare().await.unwrap().committables;
    writer.write(&batch(&schema, &[(UpdateAfter, 1, Some("b"))])).await.unwrap();
    assert_eq!(sink.commit(&first[0]).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(place.rows("orders").await, ["1,a"]);
    let second = writer.prepare().await.unwrap().committables;
    assert_eq!(sink.commit(&second[0]).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(place.rows("orders").await, ["1,b"]);
    assert_eq!(place.count(Operation::CreateUpsert), 2);
}

#[tokio::test]
async fn a_unit_is_held_until_it_is_complete() {
    let place = Place::plain().await;
    let schema = orders(false);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, Some("before"))])).await.unwrap();
    writer.begin_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 2, Some("unit"))])).await.unwrap();

    let first = writer.prepare().await.unwrap();
    assert_eq!((first.committables.len(), first.held.len()), (1, 1));
    sink.commit(&first.committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,before"]);

    writer.write(&batch(&schema, &[(Insert, 3, Some("unit"))])).await.unwrap();
    let second = writer.prepare().await.unwrap();
    assert_eq!((second.committables.len(), second.held.len()), (0, 1), "the unit goes on over a checkpoint");
    writer.end_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 4, Some("after"))])).await.unwrap();
    let third = writer.prepare().await.unwrap();
    assert_eq!((third.committables.len(), third.held.len()), (1, 0));
    assert_eq!(place.rows("orders").await, ["1,before"]);
    sink.commit(&third.committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,before", "2,unit", "3,unit", "4,after"]);
    assert_eq!(place.count(Operation::CreateUpload), 2);

    // The process died while the unit was open: what was held is aborted, by another one.
    writer.begin_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 5, None)])).await.unwrap();
    let held = writer.prepare().await.unwrap().held;
    place.sink().abort(&held[0]).await.unwrap();
    assert_eq!(place.rows("orders").await.len(), 4);
}

#[tokio::test]
async fn a_held_session_that_is_forgotten_is_aborted_without_doubt() {
    let place = Place::plain().await;
    let other = Place::plain().await;
    let schema = orders(false);
    created(&place, &schema).await;
    let sink = created(&other, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.begin_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    let held = writer.prepare().await.unwrap().held;
    place.sink().abort(&held[0]).await.unwrap();
}

#[tokio::test]
async fn buffers_beyond_their_limits_are_uploaded_several_at_once() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    drop(sink);
    let sink = place.sink_with(&[
        plain("bucket.buffer-size", "100000"),
        plain("total.buffer-size", "20000"),
        plain("flush.concurrent-num", "3"),
    ]);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let note = "x".repeat(100);
    let rows: Vec<_> = (0..1000).map(|id| (Insert, id, Some(note.as_str()))).collect();
    let written = writer.write(&batch(&schema, &rows)).await.unwrap();
    assert!(written.buffered_bytes <= 10_000, "{}", written.buffered_bytes);
    assert!(place.count(Operation::WriteUpsert) >= 10);
    assert_eq!(place.host.most_at_once(), 3);
    assert!(writer.flush(5_000).await.unwrap() <= 5_000);
    assert_eq!(writer.flush(0).await.unwrap(), 0);
    let committables = writer.prepare().await.unwrap().committables;
    sink.commit(&committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await.len(), 1000);
}

#[tokio::test]
async fn a_long_append_becomes_numbered_blocks() {
    let place = Place::plain().await;
    let schema = orders(false);
    created(&place, &schema).await;
    let sink = place.sink_with(&[plain("total.buffer-size", "40000"), plain("flush.concurrent-num", "4")]);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let note = "x".repeat(100);
    for start in (0..2000).step_by(100) {
        let rows: Vec<_> = (start..start + 100).map(|id| (Insert, id, Some(note.as_str()))).collect();
        let written = writer.write(&batch(&schema, &rows)).await.unwrap();
        assert!(written.buffered_bytes < 40_000 + 20_000, "{}", written.buffered_bytes);
    }
    let committables = writer.prepare().await.unwrap().committables;
    sink.commit(&committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await.len(), 2000);
    let blocks = place.count(Operation::WriteUploadBlock);
    assert!(blocks > 20, "{blocks}");
}

#[tokio::test]
async fn each_compression_is_understood() {
    use cdc_plugin::host::http::BodyEncoding;
    for (name, encoding) in [
        ("raw", BodyEncoding::Identity),
        ("zlib", BodyEncoding::Deflate),
        ("lz4", BodyEncoding::Lz4Frame),
        ("snappy", BodyEncoding::SnappyFramed),
    ] {
        let place = Place::plain().await;
        let schema = orders(true);
        created(&place, &schema).await;
        let sink = place.sink_with(&[plain("compress.algorithm", name)]);
        let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
        sink.commit(&committable).await.unwrap();
        assert_eq!(place.rows("orders").await, ["1,a"], "{name}");
        assert!(place.host.encodings().contains(&encoding), "{name}");
    }
}

#[tokio::test]
async fn with_the_schema_model_a_database_is_a_schema() {
    let place = Place::new(|config| config.schema_model = true).await;
    let sink = created(&place, &orders(true)).await;
    let mut other = orders(true);
    other.table = TableId::in_schema("warehouse", "orders");
    assert_eq!(sink.apply(&creation(&other)).await.unwrap(), Applied::Done);
    for (schema, note) in [(orders(true), "shop"), (other, "warehouse")] {
        let committable = prepared(&sink, &schema, &[(Insert, 1, Some(note))]).await;
        sink.commit(&committable).await.unwrap();
    }
    assert_eq!(place.rows("shop.orders").await, ["1,shop"]);
    assert_eq!(place.rows("warehouse.orders").await, ["1,warehouse"]);
}

#[tokio::test]
async fn creating_again_is_harmless_and_another_shape_is_refused_column_by_column() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    assert_eq!(sink.apply(&creation(&schema)).await.unwrap(), Applied::Already);

    let mut other = schema.clone();
    other.columns[1] = Column::new("note", LogicalType::Int, true);
    other.columns.push(Column::new("extra", LogicalType::Date, true));
    other.primary_key = vec![];
    let error = sink.apply(&creation(&other)).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.table"));
    for part in [
        "column `note` is STRING, not INT",
        "column `extra` DATE is missing",
        "its primary key is (id), not none",
    ] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    let error = sink.open(other).await.err().unwrap();
    assert_eq!(error.code, "maxcompute.table");
}

#[tokio::test]
async fn an_upper_case_key_is_found_again() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    schema.columns[0].name = "userId".to_owned();
    let sink = created(&place, &schema).await;
    assert_eq!(sink.apply(&creation(&schema)).await.unwrap(), Applied::Already);
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a")), (Delete, 1, None)]).await;
    sink.commit(&committable).await.unwrap();
    assert_eq!(place.rows("orders").await, [""; 0]);
}

#[tokio::test]
async fn words_of_sql_quotes_and_backslashes_survive_the_creation() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    schema.columns[1].name = "select".to_owned();
    schema.columns[1].comment = Some("it's a \"comment\" with \\ and\nlines; -- all of them".to_owned());
    schema.comment = Some("'); DROP TABLE orders; --".to_owned());
    let sink = created(&place, &schema).await;
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
    sink.commit(&committable).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,a"]);
}

#[tokio::test]
async fn every_scalar_type_arrives_as_it_was() {
    use LogicalType as T;
    let place = Place::plain().await;
    let columns = [
        ("k", T::Bigint),
        ("b", T::Boolean),
        ("t", T::Tinyint),
        ("s", T::Smallint),
        ("i", T::Int),
        ("f", T::Float),
        ("d", T::Double),
        ("n", T::Decimal(DecimalType { precision: 22, scale: 2 })),
        ("c", T::Char(3)),
        ("x", T::Varbinary(4)),
        ("day", T::Date),
        ("tim", T::Time(3)),
        ("ts", T::Timestamp(6)),
        ("ltz", T::TimestampLtz(3)),
    ];
    let columns = columns.into_iter().map(|(name, r#type)| Column::new(name, r#type, name != "k")).collect();
    let schema = TableSchema::new(TableId::in_schema("shop", "types"), columns, vec![0]);
    let sink = created(&place, &schema).await;

    let mut builder = BatchBuilder::new(&schema);
    builder.row(Insert, None);
    let c = &mut builder.columns;
    c[0].push_i64(1);
    c[1].push_i8(1);
    c[2].push_i8(-128);
    c[3].push_i16(-32768);
    c[4].push_i32(i32::MIN);
    c[5].push_f32(1.5);
    c[6].push_f64(-0.1);
    c[7].push_decimal(1_844_674_407_370_955_161_505);
    c[8].push_bytes("中文x".as_bytes());
    c[9].push_bytes(&[0, 255]);
    c[10].push_i32(-1);
    c[11].push_i64(-(25 * 3600 * 1_000_000 + 500_000));
    c[12].push_i64(-1);
    c[13].push_i64(1_767_225_600_123_000);
    builder.row(Insert, None);
    builder.columns[0].push_i64(2);
    builder.columns[1..].iter_mut().for_each(cdc_plugin::batch::ColumnBuilder::push_null);
    let batch = builder.finish();

    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.write(&batch).await.unwrap().rejected, []);
    let committables = writer.prepare().await.unwrap().committables;
    sink.commit(&committables[0]).await.unwrap();
    let expected = [
        "1,true,-128,-32768,-2147483648,1.5,-0.1,18446744073709551615.05,中文x,=00=FF,1969-12-31,-25:00:00.500,\
         1969-12-31 23:59:59.999999,2026-01-01 00:00:00.123"
            .to_owned(),
        format!("2{}", ",\\N".repeat(13)),
    ];
    assert_eq!(place.rows("types").await, expected);
}

#[tokio::test]
async fn every_key_type_finds_its_bucket() {
    use LogicalType as T;
    let place = Place::plain().await;
    for (index, r#type) in [
        T::Boolean,
        T::Tinyint,
        T::Smallint,
        T::Int,
        T::Bigint,
        T::Decimal(DecimalType { precision: 20, scale: 0 }),
        T::Decimal(DecimalType { precision: 10, scale: 2 }),
        T::Varchar(10),
        T::Date,
        T::Time(0),
        T::Timestamp(6),
        T::TimestampLtz(6),
    ]
    .into_iter()
    .enumerate()
    {
        let id = TableId::in_schema("shop", format!("keys{index}"));
        let schema = TableSchema::new(id, vec![Column::new("k", r#type, false)], vec![0]);
        let sink = created(&place, &schema).await;
        let mut builder = BatchBuilder::new(&schema);
        for row in 0..20_i32 {
            builder.row(Insert, None);
            let column = &mut builder.columns[0];
            match r#type {
                T::Boolean => column.push_i8((row % 2) as i8),
                T::Tinyint => column.push_i8(row as i8 - 10),
                T::Smallint => column.push_i16(row as i16 * 1000 - 9000),
                T::Int | T::Date => column.push_i32(row * 1000 - 9000),
                T::Decimal(_) => column.push_decimal(i128::from(row) * 12_345 - 60_000),
                T::Varchar(_) => column.push_bytes(format!("é{row}").as_bytes()),
                _ => column.push_i64(i64::from(row) * 1_234_567_891 - 6_000_000_000),
            }
        }
        let mut writer = sink.open(schema.clone()).await.unwrap();
        assert_eq!(writer.write(&builder.finish()).await.unwrap().rejected, []);
        // The emulator refuses a record in a bucket that is not its own.
        let committables = writer.prepare().await.unwrap().committables;
        sink.commit(&committables[0]).await.unwrap();
        let expected = if r#type == T::Boolean { 2 } else { 20 };
        assert_eq!(place.rows(&format!("keys{index}")).await.len(), expected, "{type:?}");
    }
}

#[tokio::test]
async fn bad_rows_are_named_and_the_others_arrive() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let long = "x".repeat((8 << 20) + 1);
    let rows = [
        (Insert, 1, Some("a")),
        (Insert, i64::MIN, Some("b")),
        (Insert, 2, Some(long.as_str())),
        (Insert, 3, Some("c")),
    ];
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let rejected = writer.write(&batch(&schema, &rows)).await.unwrap().rejected;
    let found: Vec<_> =
        rejected.iter().map(|it| (it.row, it.column.as_deref().unwrap(), it.code.as_str())).collect();
    assert_eq!(found, [(1, "id", "maxcompute.row.range"), (2, "note", "maxcompute.row.too-long")]);
    let committables = writer.prepare().await.unwrap().committables;
    sink.commit(&committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,a", "3,c"]);

    // A row whose last version was rejected can still be deleted.
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let rejected = writer.write(&batch(&schema, &[(Delete, 1, Some(long.as_str()))])).await.unwrap().rejected;
    assert_eq!(rejected, []);
    let committables = writer.prepare().await.unwrap().committables;
    sink.commit(&committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await, ["3,c"]);
}

#[tokio::test]
async fn a_wrong_key_is_the_operators_to_mend_and_is_not_shown() {
    let place = Place::plain().await;
    let settings = options(&place.emulator.endpoint());
    let host = NativeHost::new(&[("key-handle", "WrongSecret")]);
    let sink = Sink::configure(host, &settings).unwrap();
    let error = sink.apply(&creation(&orders(true))).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.auth"));
    assert!(
        error.message.contains("`access-key`") && error.message.contains("request id"),
        "{}",
        error.message
    );
    assert!(!format!("{error:?}").contains("WrongSecret"));
}

#[tokio::test]
async fn a_missing_project_is_the_operators_to_mend() {
    let place = Place::plain().await;
    let mut settings = options(&place.emulator.endpoint());
    settings[3] = plain("project", "elsewhere");
    let sink = Sink::configure(place.host.clone(), &settings).unwrap();
    let error = sink.open(orders(true)).await.err().unwrap();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.project"));
}

#[tokio::test]
async fn only_sessions_that_somebody_holds_are_kept_alive() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    assert!(sink.poll().await.unwrap().unwrap() > 29_000);
    drop(writer);
    assert_eq!(sink.poll().await.unwrap(), None);
}
