use std::sync::Arc;
use std::time::Duration;

use maxcompute_emulator::{Config, Emulator};

use super::client::{BUCKET_OF_1, Upsert, create_delta, get, post, sql, stream, upsert_row, upsert_types};

const ROUNDS: usize = 40;

/// Writes row 1 again and again; a session that a change of columns refuses is given up.
async fn write(emulator: Arc<Emulator>, writer: usize) -> usize {
    let mut committed = 0;
    for round in 0..ROUNDS {
        let session = Upsert::create(&*emulator, "t", "").await;
        let text = format!("{writer}-{round}");
        let body = stream(&upsert_types(), &[upsert_row(Some(1), Some(&text), Some(85))]);
        // With other columns than two the body does not fit, and is refused for that.
        let written = session.put(&*emulator, BUCKET_OF_1, 1, body).await;
        let commit = session.commit(&*emulator).await;
        let statuses = (written.status.as_u16(), commit.status.as_u16());
        assert!(
            matches!(statuses, (200 | 400 | 412, 200 | 412)),
            "{statuses:?} {} {}",
            written.text(),
            commit.text()
        );
        committed += usize::from(statuses == (200, 200));
    }
    committed
}

async fn alter(emulator: Arc<Emulator>) {
    for round in 0..ROUNDS {
        sql(&*emulator, &format!("alter table t add columns (c{round} bigint)")).await;
        sql(&*emulator, &format!("alter table t drop columns c{round}")).await;
        sql(&*emulator, &format!("create table other{round} (id bigint)")).await;
        sql(&*emulator, &format!("drop table other{round}")).await;
    }
}

async fn look(emulator: Arc<Emulator>) {
    for _ in 0..ROUNDS {
        for target in ["/", "/metrics", "/emulator/tables/default/t", "/projects/p/tables/t?extended"] {
            let answer = get(&*emulator, target).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        }
        let rows = sql(&*emulator, "select count(*), max(v) from t where id = 1").await;
        assert_eq!(rows.lines().count(), 2, "{rows}");
        assert_eq!(post(&*emulator, "/projects/p/tables/t?downloads").await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_alterations_and_readers_do_not_block_each_other_for_good() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = || Config { data_dir: Some(directory.path().to_owned()), ..Config::new("p") };
    let emulator = Arc::new(Emulator::start(config()).await.expect("starts"));
    create_delta(&*emulator, "t").await;
    let writers: Vec<_> = (0..3).map(|writer| tokio::spawn(write(Arc::clone(&emulator), writer))).collect();
    let others = [tokio::spawn(alter(Arc::clone(&emulator))), tokio::spawn(look(Arc::clone(&emulator)))];
    let all = async {
        let mut committed = 0;
        for writer in writers {
            committed += writer.await.expect("a writer");
        }
        for other in others {
            other.await.expect("another");
        }
        committed
    };
    let committed = tokio::time::timeout(Duration::from_secs(120), all).await.expect("no deadlock");
    assert!(committed > 0, "no session was committed");
    let before = sql(&*emulator, "select * from t").await;
    Arc::into_inner(emulator).expect("the only one left").shutdown().await;
    let emulator = Emulator::start(config()).await.expect("starts");
    assert_eq!(sql(&emulator, "select * from t").await, before);
    assert_eq!(before.lines().count(), 2, "{before}");
}
