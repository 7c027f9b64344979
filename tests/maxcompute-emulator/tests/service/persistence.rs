use std::path::Path;
use std::time::Instant;

use hyper::Method;
use maxcompute_emulator::record::Value;
use maxcompute_emulator::{Config, Emulator};

use super::client::{
    BUCKET_OF_1, Server, Upsert, attempt, create_delta, get, open_upload, post, send, sql, stream,
    upsert_row, upsert_types, write_of_1,
};
use super::process::Process;

async fn start(directory: &Path) -> Emulator {
    let config = Config { data_dir: Some(directory.to_owned()), ..Config::new("p") };
    Emulator::start(config).await.expect("starts")
}

async fn write_block(emulator: &impl Server, session: &str, block: u32, id: i64) {
    let body = stream(&["bigint".parse().expect("a type")], &[vec![Some(Value::Integer(id))]]);
    let written = send(emulator, Method::PUT, &format!("{session}&blockid={block}"), &[], body).await;
    assert_eq!(written.status, 200, "{}", written.text());
}

#[tokio::test]
async fn tables_and_rows_outlive_the_emulator() {
    let directory = tempfile::tempdir().expect("a directory");
    let emulator = start(directory.path()).await;
    create_delta(&emulator, "t").await;
    for text in ["first", "second"] {
        let session = Upsert::create(&emulator, "t", "").await;
        session.put(&emulator, BUCKET_OF_1, 1, write_of_1(text)).await;
        session.commit(&emulator).await.json();
    }
    sql(&emulator, "alter table t add columns (w decimal(10,2) comment 'it\\'s')").await;
    sql(&emulator, "alter table t set comment 'a table'").await;
    sql(&emulator, "create table a (id bigint) partitioned by (pt string)").await;
    sql(&emulator, "alter table a add partition (pt='x') partition (pt='y')").await;
    sql(&emulator, "alter table a drop partition (pt='y')").await;
    sql(&emulator, "create table b (id bigint)").await;
    let upload = open_upload(&emulator, "/projects/p/tables/b", "").await;
    for id in [2, 1, 3] {
        write_block(&emulator, &upload, id as u32, id).await;
    }
    post(&emulator, &upload).await.json();
    sql(&emulator, "alter table b change column id number bigint").await;
    sql(&emulator, "alter table b rename to c").await;
    sql(&emulator, "create table gone (id bigint)").await;
    sql(&emulator, "drop table gone").await;
    let before = get(&emulator, "/projects/p/tables/t?extended").await.text();
    emulator.shutdown().await;

    let emulator = start(directory.path()).await;
    assert_eq!(sql(&emulator, "select * from t").await, "id,v,w\n1,second,\\N\n");
    assert_eq!(sql(&emulator, "select * from c").await, "number\n1\n2\n3\n");
    assert_eq!(get(&emulator, "/projects/p/tables/gone").await.status, 404);
    assert_eq!(get(&emulator, "/projects/p/tables/b").await.status, 404);
    let partitions = get(&emulator, "/projects/p/tables/a?partitions").await.text();
    assert!(partitions.contains("Value=\"x\"") && !partitions.contains("Value=\"y\""), "{partitions}");
    let after = get(&emulator, "/projects/p/tables/t?extended").await.text();
    for part in ["TableId>", "\"comment\":\"a table\"", "\"PrimaryKey", "schema_version"] {
        let cut = |text: &str| text.split(part).nth(1).map(|rest| rest.chars().take(40).collect::<String>());
        assert!(cut(&before).is_some() && cut(&before) == cut(&after), "{part}: {before} {after}");
    }
    // The index of keys is there again.
    let session = Upsert::create(&emulator, "t", "").await;
    let mut types = upsert_types();
    types.insert(2, "decimal(10,2)".parse().expect("a type"));
    let mut row = upsert_row(Some(1), Some("third"), Some(85));
    row.insert(2, Some(Value::Text("1.5".to_owned())));
    session.put(&emulator, BUCKET_OF_1, 1, stream(&types, &[row])).await;
    session.commit(&emulator).await.json();
    assert_eq!(sql(&emulator, "select * from t").await, "id,v,w\n1,third,1.5\n");
    sql(&emulator, "truncate table t").await;
    emulator.shutdown().await;
    assert_eq!(sql(&start(directory.path()).await, "select count(*) from t").await, "_c0\n0\n");
}

#[tokio::test]
async fn sessions_outlive_the_emulator() {
    let directory = tempfile::tempdir().expect("a directory");
    let emulator = start(directory.path()).await;
    create_delta(&emulator, "t").await;
    sql(&emulator, "create table a (id bigint)").await;
    let [mut open, committed, mut aborted] = [
        Upsert::create(&emulator, "t", "").await,
        Upsert::create(&emulator, "t", "").await,
        Upsert::create(&emulator, "t", "").await,
    ];
    open.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
    committed.put(&emulator, BUCKET_OF_1, 1, write_of_1("b")).await;
    committed.commit(&emulator).await.json();
    send(&emulator, Method::DELETE, &aborted.target(), &[], "").await;
    let upload = open_upload(&emulator, "/projects/p/tables/a", "").await;
    write_block(&emulator, &upload, 0, 1).await;
    write_block(&emulator, &upload, 1, 2).await;
    write_block(&emulator, &upload, 0, 7).await;
    emulator.shutdown().await;

    let emulator = start(directory.path()).await;
    let status = |session: &Upsert| {
        let (emulator, target) = (&emulator, session.target());
        async move { get(emulator, &target).await.json() }
    };
    let document = status(&open).await;
    assert_eq!(document["status"], "normal");
    assert_eq!(document["slots"].as_array().expect("slots").len(), 2);
    assert_eq!(status(&committed).await["status"], "committed");
    assert_eq!(status(&aborted).await["status"], "aborted");
    assert_eq!(sql(&emulator, "select * from t").await, "id,v\n1,b\n");
    // The worker has another address now, which a session tells when it is asked for.
    open.session = document;
    open.put(&emulator, BUCKET_OF_1, 1, write_of_1("c")).await;
    assert_eq!(open.commit(&emulator).await.json()["status"], "committed");
    assert_eq!(committed.commit(&emulator).await.json()["status"], "committed");
    assert_eq!(sql(&emulator, "select * from t").await, "id,v\n1,c\n");
    aborted.session = status(&aborted).await;
    aborted.commit(&emulator).await.assert_error(400, "StatusConflict", "is aborted");
    let document = get(&emulator, &upload).await.json();
    assert_eq!(document["UploadedBlockList"].as_array().expect("blocks").len(), 2);
    post(&emulator, &upload).await.json();
    assert_eq!(sql(&emulator, "select * from a").await, "id\n7\n2\n");
    emulator.shutdown().await;
    let emulator = start(directory.path()).await;
    // The same blocks, so that a client which compares them commits once more; the rows are there once.
    for document in [get(&emulator, &upload).await.json(), post(&emulator, &upload).await.json()] {
        assert_eq!(document["Status"], "closed");
        let blocks = document["UploadedBlockList"].as_array().expect("blocks");
        let ids: Vec<_> = blocks.iter().map(|block| block["BlockID"].as_u64().expect("an id")).collect();
        assert_eq!(ids, [0, 1]);
    }
    assert_eq!(sql(&emulator, "select * from a").await, "id\n7\n2\n");
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[tokio::test]
async fn memory_and_directory_agree_after_any_changes() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut emulator = start(directory.path()).await;
    let ddl = "create table t (id bigint not null, v string, primary key (id)) \
               tblproperties ('transactional'='true', 'write.bucket.num'='1')";
    sql(&emulator, ddl).await;
    let (mut dice, mut added) = (Dice(1), 0);
    for step in 0..120 {
        match dice.roll(12) {
            0 => {
                sql(&emulator, &format!("alter table t add columns (c{added} bigint)")).await;
                added += 1;
            }
            1 if added > 0 => {
                added -= 1;
                sql(&emulator, &format!("alter table t drop columns c{added}")).await;
            }
            2 if step % 5 == 0 => drop(sql(&emulator, "truncate table t").await),
            _ => {
                let session = Upsert::create(&emulator, "t", "").await;
                let mut types = upsert_types();
                let more = vec!["bigint".parse().expect("a type"); added];
                types.splice(2..2, more);
                let rows: Vec<_> = (0..dice.roll(20))
                    .map(|_| {
                        let operation = if dice.roll(4) == 0 { 68 } else { 85 };
                        let id = dice.roll(30) as i64;
                        let mut row = upsert_row(Some(id), Some(&format!("{step}")), Some(operation));
                        row.splice(2..2, vec![Some(Value::Integer(step)); added]);
                        row
                    })
                    .collect();
                let written = session.put(&emulator, 0, rows.len(), stream(&types, &rows)).await;
                assert_eq!(written.status, 200, "{}", written.text());
                session.commit(&emulator).await.json();
            }
        }
        if step % 10 == 9 {
            let before = sql(&emulator, "select * from t").await;
            emulator.shutdown().await;
            emulator = start(directory.path()).await;
            assert_eq!(sql(&emulator, "select * from t").await, before, "step {step}");
        }
    }
    assert!(sql(&emulator, "select * from t").await.lines().count() > 10);
}

#[tokio::test]
async fn a_directory_belongs_to_one_emulator_and_one_project() {
    let directory = tempfile::tempdir().expect("a directory");
    let emulator = start(directory.path()).await;
    let config =
        |project: &str| Config { data_dir: Some(directory.path().to_owned()), ..Config::new(project) };
    let error = Emulator::start(config("p")).await.expect_err("it is in use").to_string();
    assert!(error.contains("another emulator"), "{error}");
    emulator.shutdown().await;
    let error = Emulator::start(config("q")).await.expect_err("it is p's").to_string();
    assert!(error.contains("has project `p`, the emulator `q`"), "{error}");
    let file = directory.path().join("file");
    std::fs::write(&file, "x").expect("written");
    let config = Config { data_dir: Some(file), ..Config::new("p") };
    let error = Emulator::start(config).await.expect_err("it is a file").to_string();
    assert!(error.contains("cannot make the data directory"), "{error}");
}

const ROWS: i64 = 5000;
const ROUNDS: u32 = 8;

/// A session of a table with one bucket, with rows written but not committed.
async fn written(process: &Process, round: u32) -> Upsert {
    let table = format!("t{round}");
    let ddl = format!(
        "create table {table} (id bigint not null, v string, primary key (id)) \
         tblproperties ('transactional'='true', 'write.bucket.num'='1')"
    );
    sql(process, &ddl).await;
    let session = Upsert::create(process, &table, "").await;
    let rows: Vec<_> = (0..ROWS).map(|id| upsert_row(Some(id), Some("x"), Some(85))).collect();
    let put = session.put(process, 0, rows.len(), stream(&upsert_types(), &rows)).await;
    assert_eq!(put.status, 200, "{}", put.text());
    session
}

#[tokio::test]
async fn a_kill_in_mid_commit_leaves_the_state_before_or_after_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut process = Process::start(directory.path());
    let session = written(&process, 0).await;
    let begun = Instant::now();
    session.commit(&process).await.json();
    let whole = begun.elapsed();
    for round in 1..=ROUNDS {
        let session = written(&process, round).await;
        let target = session.target();
        let commit = attempt(&process, Method::POST, &target, &[], "");
        // The moments of the kills are spread over a commit and a little more.
        let moment = tokio::time::sleep(whole * round / (ROUNDS - 1));
        let answered = tokio::select! {
            answer = commit => answer.is_ok_and(|answer| answer.status.is_success()),
            () = moment => false,
        };
        process.kill();
        process = Process::start(directory.path());
        let count = format!("select count(*) from t{round}");
        let rows = sql(&process, &count).await;
        let status = get(&process, &session.target()).await.json()["status"].clone();
        let after = rows == format!("_c0\n{ROWS}\n");
        assert!(after || rows == "_c0\n0\n", "round {round}: {rows}");
        assert_eq!(status, if after { "committed" } else { "normal" }, "round {round}: {rows}");
        assert!(after || !answered, "round {round}: an answered commit is lost");
        assert_eq!(session.commit(&process).await.json()["status"], "committed");
        assert_eq!(sql(&process, &count).await, format!("_c0\n{ROWS}\n"));
    }
}
