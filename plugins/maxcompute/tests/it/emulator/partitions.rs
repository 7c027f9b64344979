//! Partitioned tables of both kinds: partitions come with their rows, and rows move between them.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::sink::{Applied, CommitOutcome, Committable};
use cdc_plugin::types::RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
use cdc_plugin::types::{
    Batch, Blame, Column, LogicalType as T, RowKind, SchemaChange, TableId, TableSchema,
};
use maxcompute_emulator::Operation;

use super::{Place, created};
use crate::support::native::NativeHost;
use crate::support::tables::{addition, changed, creation, plain, renames, type_changes};

/// `shop.events`: `day` DATE and `kind` SMALLINT partition it and stand before and between `id` and `note`.
fn events(key: Vec<u32>) -> TableSchema {
    let columns = vec![
        Column::new("day", T::Date, true),
        Column::new("id", T::Bigint, false),
        Column::new("kind", T::Smallint, true),
        Column::new("note", T::Varchar(20), true),
    ];
    let id = TableId::in_schema("shop", "events");
    TableSchema { partition_keys: vec![0, 2], ..TableSchema::new(id, columns, key) }
}

type Row<'a> = (RowKind, Option<i32>, i64, Option<i16>, &'a str);

fn rows(schema: &TableSchema, rows: &[Row<'_>]) -> Batch {
    let mut builder = BatchBuilder::new(schema);
    for (kind, day, id, hour, note) in rows {
        builder.row(*kind, None);
        let c = &mut builder.columns;
        match day {
            Some(day) => c[0].push_i32(*day),
            None => c[0].push_null(),
        }
        c[1].push_i64(*id);
        match hour {
            Some(hour) => c[2].push_i16(*hour),
            None => c[2].push_null(),
        }
        c[3].push_bytes(note.as_bytes());
    }
    builder.finish()
}

async fn commit(sink: &cdc_plugin_maxcompute::sink::Sink<NativeHost>, committables: &[Committable]) {
    for committable in committables {
        assert_eq!(sink.commit(committable).await.unwrap(), CommitOutcome::Committed);
    }
}

#[tokio::test]
async fn rows_go_to_their_partitions_which_come_with_them() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = events(if keyed { vec![1] } else { vec![] });
        let sink = created(&place, &schema).await;
        assert_eq!(sink.apply(&creation(&schema)).await.unwrap(), Applied::Already);
        let table = place.table("events").await.unwrap();
        let keys: Vec<_> =
            table.partition_keys.iter().map(|it| format!("{} {}", it.name, it.r#type)).collect();
        assert_eq!(keys, ["day STRING", "kind SMALLINT"]);
        assert_eq!(place.columns("events").await, ["id BIGINT!", "note STRING"]);

        let mut writer = sink.open(schema.clone()).await.unwrap();
        let batch = rows(
            &schema,
            &[
                (Insert, Some(0), 1, Some(1), "a"),
                (Insert, Some(1), 2, Some(1), "b"),
                (Insert, Some(0), 3, Some(-1), "c"),
                (Insert, Some(0), 4, Some(1), "d"),
            ],
        );
        assert_eq!(writer.write(&batch).await.unwrap().rejected, []);
        let first = writer.prepare().await.unwrap().committables;
        assert_eq!(first.len(), 3, "one for each partition");
        // The next rows of a partition go on while another process commits the first.
        writer.write(&rows(&schema, &[(Insert, Some(0), 5, Some(1), "e")])).await.unwrap();
        let second = writer.prepare().await.unwrap().committables;
        commit(&place.sink(), &first).await;
        commit(&place.sink(), &first).await;
        commit(&sink, &second).await;
        assert_eq!(
            place.rows("events").await,
            [
                "1,a,1970-01-01,1",
                "2,b,1970-01-02,1",
                "3,c,1970-01-01,-1",
                "4,d,1970-01-01,1",
                "5,e,1970-01-01,1"
            ]
        );
    }
}

#[tokio::test]
async fn an_update_that_changes_the_partition_moves_the_row() {
    let place = Place::plain().await;
    let schema = events(vec![1]);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let inserts: Vec<Row<'_>> = (1..=4).map(|id| (Insert, Some(0), id, Some(1), "old")).collect();
    writer.write(&rows(&schema, &inserts)).await.unwrap();
    commit(&sink, &writer.prepare().await.unwrap().committables).await;

    let batch = rows(
        &schema,
        &[
            // Stays.
            (UpdateBefore, Some(0), 1, Some(1), "old"),
            (UpdateAfter, Some(0), 1, Some(1), "new"),
            // Moves.
            (UpdateBefore, Some(0), 2, Some(1), "old"),
            (UpdateAfter, Some(7), 2, Some(1), "moved"),
            (Delete, Some(0), 3, Some(1), "old"),
            // Moves; the other half is in the next batch.
            (UpdateBefore, Some(0), 4, Some(1), "old"),
        ],
    );
    writer.write(&batch).await.unwrap();
    writer.write(&rows(&schema, &[(UpdateAfter, Some(0), 4, Some(2), "moved")])).await.unwrap();
    commit(&sink, &writer.prepare().await.unwrap().committables).await;
    assert_eq!(
        place.rows("events").await,
        ["1,new,1970-01-01,1", "2,moved,1970-01-08,1", "4,moved,1970-01-01,2"]
    );
    // Four inserts, the row that stays, two for each of those that move, and the one that is gone; no image before it.
    assert_eq!(place.host.counter("maxcompute.rows"), 10);
}

#[tokio::test]
async fn an_update_that_changes_the_sinks_key_replaces_the_row() {
    // A key that the source does not have: (note).
    let place = Place::plain().await;
    let mut schema = events(vec![3]);
    schema.columns[3] = Column::new("note", T::Varchar(20), false);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let batch = rows(
        &schema,
        &[
            (Insert, Some(0), 1, Some(1), "a"),
            (Insert, Some(0), 2, Some(1), "b"),
            (UpdateBefore, Some(0), 1, Some(1), "a"),
            (UpdateAfter, Some(0), 1, Some(1), "c"),
            (UpdateBefore, Some(0), 2, Some(1), "b"),
            (UpdateAfter, Some(0), 3, Some(1), "b"),
        ],
    );
    writer.write(&batch).await.unwrap();
    commit(&sink, &writer.prepare().await.unwrap().committables).await;
    assert_eq!(place.rows("events").await, ["1,c,1970-01-01,1", "3,b,1970-01-01,1"]);
}

#[tokio::test]
async fn a_partition_column_needs_no_place_in_the_key_and_takes_none() {
    let place = Place::plain().await;
    let mut schema = events(vec![0, 1]);
    let sink = created(&place, &schema).await;
    assert_eq!(place.table("events").await.unwrap().primary_key, ["id"]);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let batch = rows(&schema, &[(Insert, Some(0), 1, Some(1), "a"), (Insert, Some(1), 1, Some(1), "b")]);
    writer.write(&batch).await.unwrap();
    commit(&sink, &writer.prepare().await.unwrap().committables).await;
    assert_eq!(place.rows("events").await, ["1,a,1970-01-01,1", "1,b,1970-01-02,1"]);

    schema.primary_key = vec![0, 2];
    schema.table = TableId::in_schema("shop", "others");
    let error = sink.apply(&creation(&schema)).await.unwrap_err();
    assert_eq!(error.blame, Blame::Config);
    assert!(error.message.contains("no key is left"), "{}", error.message);
}

#[tokio::test]
async fn a_row_without_a_partition_is_refused_and_the_others_arrive() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = events(if keyed { vec![1] } else { vec![] });
        let sink = created(&place, &schema).await;
        let mut writer = sink.open(schema.clone()).await.unwrap();
        let batch = rows(
            &schema,
            &[
                (Insert, None, 1, Some(1), "a"),
                (Insert, Some(0), 2, None, "b"),
                (Insert, Some(i32::MAX), 3, Some(1), "c"),
                (Insert, Some(0), 4, Some(1), "d"),
            ],
        );
        let rejected = writer.write(&batch).await.unwrap().rejected;
        let found: Vec<_> =
            rejected.iter().map(|it| (it.row, it.column.as_deref().unwrap(), it.code.as_str())).collect();
        let (partition, range) = ("maxcompute.row.partition", "maxcompute.row.range");
        assert_eq!(found, [(0, "day", partition), (1, "kind", partition), (2, "day", range)]);
        commit(&sink, &writer.prepare().await.unwrap().committables).await;
        assert_eq!(place.rows("events").await, ["4,d,1970-01-01,1"]);
    }
}

#[tokio::test]
async fn a_unit_holds_the_sessions_of_all_its_partitions() {
    let place = Place::plain().await;
    let schema = events(vec![]);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.begin_unit().unwrap();
    let batch = rows(&schema, &[(Insert, Some(0), 1, Some(1), "a"), (Insert, Some(1), 2, Some(1), "b")]);
    writer.write(&batch).await.unwrap();
    let held = writer.prepare().await.unwrap();
    assert_eq!((held.committables.len(), held.held.len()), (0, 2));
    writer.write(&rows(&schema, &[(Insert, Some(1), 3, Some(1), "c")])).await.unwrap();
    writer.end_unit().unwrap();
    let complete = writer.prepare().await.unwrap();
    assert_eq!((complete.committables.len(), complete.held.len()), (2, 0));
    assert_eq!(place.rows("events").await, [""; 0]);
    commit(&sink, &complete.committables).await;
    assert_eq!(place.rows("events").await, ["1,a,1970-01-01,1", "2,b,1970-01-02,1", "3,c,1970-01-02,1"]);
}

#[tokio::test]
async fn each_partition_has_a_buffer_of_its_own_and_memory_is_given_back_from_the_fullest() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = events(if keyed { vec![1] } else { vec![] });
        created(&place, &schema).await;
        let sink = place.sink_with(&[plain("total.buffer-size", "4096"), plain("flush.concurrent-num", "2")]);
        let mut writer = sink.open(schema.clone()).await.unwrap();
        let mut batch: Vec<Row<'_>> =
            (0..500).map(|id| (Insert, Some(0), id, Some(1), "0123456789")).collect();
        batch.extend((500..520).map(|id| (Insert, Some(1), id, Some(1), "0123456789")));
        let buffered = writer.write(&rows(&schema, &batch)).await.unwrap().buffered_bytes;
        assert!((500..6000).contains(&buffered), "{buffered}");
        assert!(writer.flush(100).await.unwrap() <= 100);
        assert_eq!(writer.flush(0).await.unwrap(), 0);
        commit(&sink, &writer.prepare().await.unwrap().committables).await;
        assert_eq!(place.rows("events").await.len(), 520);
    }
}

#[tokio::test]
async fn a_partition_that_was_dropped_comes_again() {
    let place = Place::plain().await;
    let schema = events(vec![1]);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    for id in [1, 2] {
        writer.write(&rows(&schema, &[(Insert, Some(0), id, Some(1), "a")])).await.unwrap();
        commit(&sink, &writer.prepare().await.unwrap().committables).await;
        if id == 1 {
            place.run("ALTER TABLE `p`.`events` DROP PARTITION (`day`='1970-01-01',`kind`='1');").await;
        }
    }
    assert_eq!(place.rows("events").await, ["2,a,1970-01-01,1"]);
}

#[tokio::test]
async fn a_partitioned_table_is_emptied_evolved_and_told_apart() {
    let place = Place::plain().await;
    let mut schema = events(vec![1]);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    // More partitions than a page lists or a statement drops.
    let batch: Vec<Row<'_>> = (0..120).map(|day| (Insert, Some(day), 1, Some(1), "a")).collect();
    writer.write(&rows(&schema, &batch)).await.unwrap();
    commit(&sink, &writer.prepare().await.unwrap().committables).await;
    assert_eq!(place.rows("events").await.len(), 120);
    let truncation = changed(&schema, SchemaChange::TruncateTable);
    for _ in 0..2 {
        assert_eq!(sink.apply(&truncation).await.unwrap(), Applied::Done);
        assert_eq!(place.rows("events").await, [""; 0]);
    }

    for (change, part) in [
        (SchemaChange::DropColumn(vec!["note".to_owned(), "Day".to_owned()]), "cannot drop `Day`"),
        (renames(&[("kind", "sort")]), "cannot rename `kind`"),
    ] {
        let applied = sink.apply(&changed(&schema, change)).await.unwrap();
        let Applied::Unsupported(text) = applied else { panic!("{part}: {applied:?}") };
        assert!(text.contains(part) && text.contains("partitions table p.events"), "{text}");
    }
    let mut wider = schema.clone();
    wider.columns[2] = Column::new("kind", T::Int, true);
    let applied = sink.apply(&changed(&wider, type_changes(&wider.columns[2..3]))).await.unwrap();
    assert!(
        matches!(&applied, Applied::Unsupported(text) if text.contains("partitions table")),
        "{applied:?}"
    );

    schema.columns.push(Column::new("x", T::Int, true));
    let added = changed(&schema, addition(&schema.columns[4..]));
    assert_eq!(sink.apply(&added).await.unwrap(), Applied::Done);
    assert_eq!(sink.apply(&added).await.unwrap(), Applied::Already);

    schema.partition_keys = vec![0];
    let error = sink.open(schema.clone()).await.err().unwrap();
    assert!(error.message.contains("partitioned by `kind`"), "{}", error.message);
    assert!(place.count(Operation::CreateUpsert) > 0);
}
