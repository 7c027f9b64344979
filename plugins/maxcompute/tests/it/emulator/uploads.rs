//! Buffers, blocks, compression and rows that cannot be written.

use cdc_plugin::host::http::BodyEncoding;
use cdc_plugin::types::RowKind::{Delete, Insert};
use maxcompute_emulator::Operation;

use super::{Place, created, prepared};
use crate::support::tables::{batch, orders, plain};

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
async fn each_compression_is_understood_for_one_row_and_for_many() {
    for (name, encoding) in [
        ("raw", BodyEncoding::Identity),
        ("zlib", BodyEncoding::Deflate),
        ("lz4", BodyEncoding::Lz4Frame),
        ("snappy", BodyEncoding::SnappyFramed),
    ] {
        for keyed in [true, false] {
            let place = Place::plain().await;
            let schema = orders(keyed);
            created(&place, &schema).await;
            let sink = place.sink_with(&[plain("compress.algorithm", name)]);
            let committable = prepared(&sink, &schema, &[(Insert, 0, Some("a"))]).await;
            sink.commit(&committable).await.unwrap();
            // More than a block of snappy (64 KiB) in each bucket.
            let notes: Vec<_> = (0..200).map(|id| format!("{id}{}", "中x".repeat(id * 20 + 2000))).collect();
            let rows: Vec<_> =
                notes.iter().zip(1..).map(|(note, id)| (Insert, id, Some(note.as_str()))).collect();
            sink.commit(&prepared(&sink, &schema, &rows).await).await.unwrap();
            let mut expected: Vec<_> =
                rows.iter().map(|(_, id, note)| format!("{id},{}", note.unwrap())).collect();
            expected.push("0,a".to_owned());
            expected.sort_unstable();
            assert!(place.rows("orders").await == expected, "{name}");
            assert!(place.host.encodings().contains(&encoding), "{name}");
        }
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
