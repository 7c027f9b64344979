use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use maxcompute_emulator::record::Value;
use maxcompute_emulator::{Config, Emulator};
use serde_json::Value as Json;

use super::client::{BUCKET_OF_1, Upsert, create_delta, get, sql, stream, upload, upsert_row, upsert_types};

async fn emulator() -> Emulator {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    create_delta(&emulator, "t").await;
    let session = Upsert::create(&emulator, "t", "").await;
    let rows = [upsert_row(Some(1), Some("<script>&"), Some(85))];
    assert_eq!(session.put(&emulator, BUCKET_OF_1, 1, stream(&upsert_types(), &rows)).await.status, 200);
    session.commit(&emulator).await.json();
    emulator
}

#[tokio::test]
async fn the_page_lists_tables_sessions_faults_and_requests() {
    let emulator = emulator().await;
    emulator.faults().add("operation=get-tenant nth=9 status=500".parse().expect("a fault"));
    for target in ["/", "/emulator"] {
        let answer = get(&emulator, target).await;
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        let page = answer.text();
        for part in [
            "MaxCompute emulator: project p",
            "<a href=\"/emulator/tables/default/t\">t</a>",
            "Delta, key id",
            "id bigint, v string",
            "<td>upsert</td>",
            "<td>committed</td>",
            "operation=get-tenant nth=9 status=500",
            "<td>commit-upsert</td>",
        ] {
            assert!(page.contains(part), "{part} not in {page}");
        }
    }
}

#[tokio::test]
async fn the_page_of_a_table_shows_its_rows_and_no_markup_of_theirs() {
    let emulator = emulator().await;
    let page = get(&emulator, "/emulator/tables/default/t").await.text();
    assert!(page.contains("1 of 1 rows") && page.contains("<td>&lt;script&gt;&amp;</td>"), "{page}");
    assert!(!page.contains("<script>"), "{page}");
    sql(&emulator, "alter table t add columns (w double)").await;
    assert!(get(&emulator, "/emulator/tables/default/t").await.text().contains("<i>null</i>"));
    let missing = get(&emulator, "/emulator/tables/default/nope").await;
    missing.assert_error(404, "NoSuchObject", "p.nope");
}

#[tokio::test]
async fn partition_values_are_shown_beside_the_rows() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    sql(&emulator, "create table a (id bigint) partitioned by (pt string)").await;
    sql(&emulator, "alter table a add partition (pt='x')").await;
    let target = "/projects/p/tables/a";
    let block = stream(&["bigint".parse().expect("a type")], &[vec![Some(Value::Integer(7))]]);
    upload(&emulator, target, "&partition=pt=x", block).await;
    let page = get(&emulator, "/emulator/tables/default/a").await.text();
    assert!(page.contains("<tr><td>7</td><td>x</td></tr>"), "{page}");
}

#[tokio::test]
async fn metrics_count_requests_rows_and_sessions() {
    let emulator = emulator().await;
    emulator.faults().add("operation=get-project first=1 status=500".parse().expect("a fault"));
    get(&emulator, "/projects/p").await;
    let text = get(&emulator, "/metrics").await.text();
    for line in [
        "# TYPE maxcompute_emulator_requests_total counter",
        "maxcompute_emulator_requests_total{operation=\"commit-upsert\",status=\"200\"} 1",
        "maxcompute_emulator_requests_total{operation=\"get-project\",status=\"500\"} 1",
        "maxcompute_emulator_faults_injected_total{operation=\"get-project\",status=\"500\"} 1",
        "maxcompute_emulator_faults_injected_total{operation=\"commit-upsert\",status=\"200\"} 0",
        "maxcompute_emulator_tables 1",
        "maxcompute_emulator_table_rows{schema=\"default\",table=\"t\"} 1",
        "maxcompute_emulator_sessions{kind=\"upsert\",status=\"committed\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} not in {text}");
    }
    let sent = emulator.journal().entries().iter().map(|entry| entry.body_bytes).sum::<u64>();
    let counted: f64 = text
        .lines()
        .filter(|line| line.starts_with("maxcompute_emulator_request_body_bytes_total{"))
        .map(|line| line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number"))
        .sum();
    assert_eq!(counted as u64, sent);
}

#[test]
fn logs_are_json_lines_without_secrets() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_maxcompute-emulator"))
        .args(["--project", "p", "--access-id", "an-id", "--log", "info", "--log-format", "json"])
        .env("MAXCOMPUTE_EMULATOR_ACCESS_KEY", "a-secret-key")
        .env("MAXCOMPUTE_EMULATOR_STS_TOKEN", "a-secret-token")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the emulator starts");
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().expect("output")).read_line(&mut line).expect("the ready line");
    let address = line.trim_end().strip_prefix("listening on http://").expect("an address").to_owned();
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    let request = b"GET /projects/p HTTP/1.1\r\nhost: x\r\nauthorization: ODPS an-id:c2lnbmF0dXJl\r\n\
                    authorization-sts-token: a-sent-token\r\nconnection: close\r\n\r\n";
    std::io::Write::write_all(&mut stream, request).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let ended = Command::new("kill").arg(process.id().to_string()).status().expect("kill runs");
    assert!(ended.success() && process.wait().expect("its end").success());
    let mut log = String::new();
    process.stderr.take().expect("a log").read_to_string(&mut log).expect("text");
    let lines: Vec<Json> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered").expect("the request");
    assert_eq!((&answered["operation"], &answered["status"]), (&"get-project".into(), &401.into()));
    for secret in ["a-secret-key", "a-secret-token", "a-sent-token", "c2lnbmF0dXJl"] {
        assert!(!log.contains(secret) && !answer.contains(secret), "{secret}");
    }
}

#[test]
fn the_help_teaches_faults() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_maxcompute-emulator")).arg("--help").output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("text");
    let examples: Vec<&str> =
        help.lines().filter_map(|line| line.trim().strip_prefix("--fault '")?.strip_suffix('\'')).collect();
    assert!(examples.len() >= 3, "{help}");
    for example in examples {
        assert!(example.parse::<maxcompute_emulator::Fault>().is_ok(), "{example}");
    }
}
