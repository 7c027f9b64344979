use std::sync::Arc;

use hyper::Method;
use maxcompute_emulator::record::Value;
use serde_json::Value as Json;
use tokio::task::JoinSet;

use super::client::{Upsert, get, open_upload, post, send, sql, stream, upsert_row, upsert_types};
use super::process::Process;

const TABLES: usize = 10_000;
const SESSIONS: usize = 1_000;
/// Most memory of the emulator, in MiB, unoptimised.
const MEMORY: u64 = 256;

fn name(table: usize) -> String {
    format!("t{table:05}")
}

/// Even tables are Delta tables with one bucket, odd ones append tables.
async fn create_tables(process: &Process) {
    for thousand in 0..TABLES / 1000 {
        let statement = |table: usize| {
            if table.is_multiple_of(2) {
                format!(
                    "create table {} (id bigint not null, v string, primary key (id)) \
                     tblproperties ('transactional'='true', 'write.bucket.num'='1');",
                    name(table)
                )
            } else {
                format!("create table {} (id bigint, v string);", name(table))
            }
        };
        let tables = thousand * 1000..(thousand + 1) * 1000;
        sql(process, &tables.map(statement).collect::<String>()).await;
    }
}

async fn listed(process: &Process) -> Vec<String> {
    let (mut names, mut marker) = (Vec::new(), String::new());
    loop {
        let target = format!("/projects/p/tables?expectmarker=true&marker={marker}");
        let page = get(process, &target).await.text();
        let found: Vec<_> =
            page.split("<Name>").skip(1).filter_map(|rest| rest.split("</Name>").next()).collect();
        assert!(found.len() <= 1000, "{} names in a page", found.len());
        names.extend(found.into_iter().map(str::to_owned));
        let rest = page.split("<Marker>").nth(1).expect("a marker");
        marker = rest.split("</Marker>").next().expect("its end").to_owned();
        if marker.is_empty() {
            return names;
        }
    }
}

/// Opens a session of the table, writes a row to it and gives its target.
async fn open(process: &Process, table: usize) -> String {
    if table.is_multiple_of(2) {
        let session = Upsert::create(process, &name(table), "").await;
        let row = upsert_row(Some(table as i64), Some("x"), Some(85));
        let written = session.put(process, 0, 1, stream(&upsert_types(), &[row])).await;
        assert_eq!(written.status, 200, "{}", written.text());
        session.target()
    } else {
        let types = ["bigint", "string"].map(|name| name.parse().expect("a type"));
        let row = vec![Some(Value::Integer(table as i64)), Some(Value::Text("x".to_owned()))];
        let target = open_upload(process, &format!("/projects/p/tables/{}", name(table)), "").await;
        let block = format!("{target}&blockid=0");
        let written = send(process, Method::PUT, &block, &[], stream(&types, &[row])).await;
        assert_eq!(written.status, 200, "{}", written.text());
        target
    }
}

/// Does something for each session, eight at a time.
async fn each<F>(process: &Arc<Process>, work: impl Fn(Arc<Process>, usize) -> F) -> Vec<(usize, String)>
where
    F: Future<Output = String> + Send + 'static,
{
    let (mut running, mut done) = (JoinSet::new(), Vec::new());
    for index in 0..SESSIONS {
        if running.len() == 8 {
            done.extend(running.join_next().await.map(|result| result.expect("a task")));
        }
        let task = work(Arc::clone(process), index);
        running.spawn(async move { (index, task.await) });
    }
    done.extend(running.join_all().await);
    done.sort_unstable();
    done
}

#[tokio::test]
async fn ten_thousand_tables_and_a_thousand_open_sessions_outlive_a_kill() {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Arc::new(Process::start(directory.path()));
    create_tables(&process).await;
    let names: Vec<String> = (0..TABLES).map(name).collect();
    assert_eq!(listed(&process).await, names);
    // A session of every tenth table.
    let targets =
        each(&process, |process, index| async move { open(&process, index * 10 + index % 2).await }).await;
    assert_eq!(get(&*process, &format!("/projects/p/tables/{}", name(0))).await.status, 200);
    let gauges = |text: &str| {
        let lines = text.lines().filter(|line| {
            line.starts_with("maxcompute_emulator_tables") || line.starts_with("maxcompute_emulator_sessions")
        });
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let open_half = SESSIONS / 2;
    let expected = [
        format!("maxcompute_emulator_tables {TABLES}"),
        format!("maxcompute_emulator_sessions{{kind=\"upload\",status=\"normal\"}} {open_half}"),
        format!("maxcompute_emulator_sessions{{kind=\"upsert\",status=\"normal\"}} {open_half}"),
    ];
    assert_eq!(gauges(&get(&*process, "/metrics").await.text()), expected);
    assert!(get(&*process, "/").await.text().contains(&name(TABLES - 1)));
    assert!(process.peak_mebibytes() < MEMORY, "{} MiB", process.peak_mebibytes());

    Arc::into_inner(process).expect("the only one left").kill();
    let process = Arc::new(Process::start(directory.path()));
    assert_eq!(listed(&process).await, names);
    assert_eq!(gauges(&get(&*process, "/metrics").await.text()), expected);
    let targets: Arc<[(usize, String)]> = targets.into();
    let statuses = each(&process, |process, index| {
        let target = targets[index].1.clone();
        async move {
            let document: Json = post(&*process, &target).await.json();
            let status = if document["status"].is_null() { &document["Status"] } else { &document["status"] };
            status.as_str().expect("a status").to_owned()
        }
    })
    .await;
    assert!(statuses.iter().all(|(_, status)| status == "committed" || status == "closed"), "{statuses:?}");
    let rows = |table: usize| format!("id,v\n{table},x\n");
    for table in [0, 11, 20, 9991] {
        assert_eq!(sql(&*process, &format!("select * from {}", name(table))).await, rows(table));
    }
    assert!(process.peak_mebibytes() < MEMORY, "{} MiB", process.peak_mebibytes());
}
