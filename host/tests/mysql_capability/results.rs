//! Results as streams: order, bounds, ends.

use cdc_host::capability::mysql::Session;
use cdc_host::plugin::bindings::capabilities::mysql::{FailureKind, Parameter, ValueData};

use crate::server::{MEMORY, Server, fetch_all, number, resident_bytes, status, strings};

/// 200,000 rows of 1,000 bytes, made as they are read.
async fn many_rows(admin: &Session) -> String {
    admin.execute("CREATE TABLE d (n INT PRIMARY KEY)").await.unwrap();
    admin.execute("INSERT INTO d VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)").await.unwrap();
    "SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n + 100000 * f.n, REPEAT('x', 1000) \
     FROM d a, d b, d c, d, d e, d f WHERE f.n < 2"
        .to_owned()
}

#[tokio::test]
async fn a_large_result_passes_through_little_memory() {
    let server = Server::shared();
    let _alone = MEMORY.lock().await;
    let admin = server.admin("big").await;
    let sql = many_rows(&admin).await;
    let before = resident_bytes();
    admin.query(&sql, &[]).await.unwrap();
    let (mut rows, mut sum, mut most) = (0u64, 0i64, 0);
    while let Some(block) = admin.fetch(1 << 20).await.unwrap() {
        let ValueData::Int64s(numbers) = &block.columns[0].data else { panic!() };
        assert_eq!(numbers.len(), block.rows as usize);
        assert_eq!(strings(&block.columns[1].data).len(), numbers.len());
        rows += u64::from(block.rows);
        sum += numbers.iter().sum::<i64>();
        most = most.max(resident_bytes());
    }
    assert_eq!((rows, sum), (200_000, 19_999_900_000));
    assert!(most < before + (64 << 20), "{} MiB", (most - before) >> 20);
}

#[tokio::test]
async fn a_session_is_idle_again_after_a_result() {
    let server = Server::shared();
    let session = server.session("cdc").await;
    for n in 0..3 {
        let columns = session.query("SELECT ? WHERE FALSE", &[Parameter::Signed(n)]).await.unwrap();
        assert_eq!(columns.len(), 1);
        assert!(session.fetch(1).await.unwrap().is_none());
        assert!(session.fetch(1).await.unwrap().is_none());
        assert!(session.query("SET @a = 1", &[]).await.unwrap().is_empty());
        assert!(session.fetch(1).await.unwrap().is_none());
        session.execute("SELECT 1 UNION SELECT 2").await.unwrap();
    }
}

#[tokio::test]
async fn prepared_statements_do_not_pile_up() {
    let server = Server::shared();
    let admin = server.admin("prepared").await;
    let session = server.session("cdc").await;
    for _ in 0..50 {
        session.query("SELECT 1", &[]).await.unwrap();
        fetch_all(&session).await.unwrap();
        session.query("SELECT * FROM nowhere.at_all", &[]).await.unwrap_err();
    }
    // Other tests have theirs.
    let count = status(&admin, "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").await;
    assert!(count.parse::<u32>().unwrap() < 40, "{count}");
}

#[tokio::test]
async fn a_statement_s_error_spares_the_session() {
    let server = Server::shared();
    let session = server.session("cdc").await;
    let failure = session.execute("SELECT * FROM nowhere.at_all").await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Server, Some(1049)), "{failure:?}");
    let failure = session.query("SELEKT", &[]).await.unwrap_err();
    assert_eq!((failure.code, failure.sql_state.as_deref()), (Some(1064), Some("42000")));
    session.execute("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn values_beyond_a_frame_pass_both_ways() {
    let server = Server::shared();
    let _alone = MEMORY.lock().await;
    let session = server.session("cdc").await;
    let long = vec![7; 40 << 20];
    session
        .query("SELECT ?, LENGTH(?)", &[Parameter::Binary(long.clone()), Parameter::Binary(long.clone())])
        .await
        .unwrap();
    let block = session.fetch(1).await.unwrap().unwrap();
    assert!(strings(&block.columns[0].data)[0] == long);
    assert!(session.fetch(1).await.unwrap().is_none());
    // A packet of exactly the longest frame is followed by an empty one.
    let text = "x".repeat((1 << 24) - 1 - 4 - 2);
    session.query("SELECT ?", &[Parameter::Text(text.clone())]).await.unwrap();
    let block = session.fetch(1).await.unwrap().unwrap();
    assert!(strings(&block.columns[0].data)[0] == text.as_bytes());
    assert!(session.fetch(1).await.unwrap().is_none());
}

#[tokio::test]
async fn a_procedure_s_first_result_counts() {
    let server = Server::shared();
    let admin = server.admin("procedures").await;
    admin.execute("CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2, 3; END").await.unwrap();
    admin.query("CALL p()", &[]).await.unwrap();
    let blocks = fetch_all(&admin).await.unwrap();
    assert_eq!((blocks.len(), blocks[0].columns.len()), (1, 1));
    admin.execute("CALL p()").await.unwrap();
    assert_eq!(number(&admin, "SELECT 4").await, 4);
}
