//! Writers against a service that moves slots, fails and forgets.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::http::{Failure, Method, Request, Response};
use cdc_plugin::sink::Applied;
use cdc_plugin::types::Blame;
use cdc_plugin::types::RowKind::{Delete, Insert};
use cdc_plugin_maxcompute::sink::Sink;

use crate::support::fake::{FakeHost, answer, answer_with, header, line};
use crate::support::tables::{batch, creation, options, orders, plain};

const TABLE: &str = r#"<Table><Schema><![CDATA[{"columns":[{"name":"id","type":"bigint","isNullable":false},{"name":"note","type":"string"}],
    "Reserved":"{\"Transactional\":\"true\",\"PrimaryKey\":[\"id\"]}"}]]></Schema></Table>"#;

/// Four buckets in two slots.
fn session(first: &str, second: &str, status: &str) -> Result<Response, Failure> {
    answer(
        200,
        &format!(
            r#"{{"id":"x","status":"{status}","hasher":"default","hash_key":["id"],
            "schema":{{"columns":[{{"name":"id","type":"bigint","nullable":"false"}},{{"name":"note","type":"string","nullable":"true"}}]}},
            "slots":[{{"slot_id":"0","worker_addr":"{first}","buckets":[0,1]}},{{"slot_id":"1","worker_addr":"{second}","buckets":[2,3]}}]}}"#
        ),
    )
}

/// A host that knows the project, the table and new sessions; puts and looks are the script's.
fn host(mut script: impl FnMut(&Request) -> Result<Response, Failure> + 'static) -> FakeHost {
    FakeHost::new(move |_, request| {
        let line = line(request);
        if line.starts_with("GET /api/projects/p/tables/") {
            answer(200, TABLE)
        } else if line == "GET /api/projects/p" {
            answer(200, "<Project><Properties/></Project>")
        } else if line.starts_with("POST /projects/p/tables/orders/upserts?slotnum=1") {
            session("a:1", "b:1", "normal")
        } else {
            script(request)
        }
    })
}

fn sink(host: &FakeHost) -> Sink<FakeHost> {
    let mut settings = options("http://main/api");
    settings.push(plain("tunnel.endpoint", "http://dt"));
    Sink::configure(host.clone(), &settings).unwrap()
}

fn puts(host: &FakeHost) -> Vec<Request> {
    host.requests().into_iter().filter(|request| request.method == Method::Put).collect()
}

#[tokio::test]
async fn a_moved_slot_is_followed_with_all_of_its_buckets() {
    let mut moved = false;
    let host = host(move |request| {
        if header(request, "odps-tunnel-routed-server") == Some("b:1") && !moved {
            moved = true;
            return answer_with(308, &[("Odps-Tunnel-Routed-Server", "c:1")], "");
        }
        answer(200, "")
    });
    let sink = sink(&host);
    let schema = orders(true);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    // By the hash, 1 and 2 are in the buckets 3 and 2: both of the second slot.
    for id in [1, 2] {
        writer.write(&batch(&schema, &[(Insert, id, None)])).await.unwrap();
        writer.flush(0).await.unwrap();
    }
    let puts = puts(&host);
    let routes: Vec<_> = puts.iter().map(|put| header(put, "odps-tunnel-routed-server").unwrap()).collect();
    assert_eq!(routes, ["b:1", "c:1", "c:1"]);
    assert_eq!(puts[0].body, puts[1].body, "the same rows are sent again");
    assert!(puts[0].url.contains("bucketid=3&slotid=1&record_count=1"), "{}", puts[0].url);
    assert!(puts[2].url.contains("bucketid=2&slotid=1&record_count=1"), "{}", puts[2].url);
}

#[tokio::test]
async fn a_move_without_an_address_and_a_bad_gateway_reload_the_session() {
    for status in [308, 502, 504] {
        let mut failed = false;
        let host = host(move |request| match request.method {
            Method::Put if !failed => {
                failed = true;
                answer(status, "")
            }
            Method::Get => session("a:1", "d:1", "normal"),
            _ => answer(200, ""),
        });
        let sink = sink(&host);
        let schema = orders(true);
        let mut writer = sink.open(schema.clone()).await.unwrap();
        writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
        writer.flush(0).await.unwrap();
        let routes: Vec<_> = puts(&host)
            .iter()
            .map(|put| header(put, "odps-tunnel-routed-server").unwrap().to_owned())
            .collect();
        assert_eq!(routes, ["b:1", "d:1"], "{status}");
    }
}

#[tokio::test]
async fn a_session_that_changes_its_buckets_is_an_error() {
    let host = host(|request| match request.method {
        Method::Put => answer(308, ""),
        _ => {
            answer(200, r#"{"status":"normal","slots":[{"slot_id":"0","worker_addr":"a:1","buckets":[0]}]}"#)
        }
    });
    let sink = sink(&host);
    let schema = orders(true);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    let error = writer.flush(0).await.unwrap_err();
    assert!(error.message.contains("4 buckets and now has 1"), "{}", error.message);
}

/// Rows that an upload lost are in no buffer any more: going on would lose them for good.
#[tokio::test]
async fn a_writer_that_failed_refuses_to_prepare() {
    let host = host(|_| answer(400, r#"{"Code":"CorruptedDataStream","Message":"m"}"#));
    let sink = sink(&host);
    let schema = orders(true);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    let error = writer.prepare().await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Permanent, "maxcompute.http.400"));
    for error in [
        writer.prepare().await.unwrap_err(),
        writer.flush(0).await.unwrap_err(),
        writer.write(&batch(&schema, &[(Delete, 1, None)])).await.unwrap_err(),
    ] {
        assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.writer"));
    }
}

#[tokio::test]
async fn a_session_that_is_lost_while_writing_is_worth_a_restart() {
    let host = host(|_| answer(404, r#"{"Code":"UpsertSessionNotFound","Message":"m"}"#));
    let sink = sink(&host);
    let schema = orders(true);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    let error = writer.prepare().await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.session"));
}

#[tokio::test]
async fn open_sessions_are_kept_alive_every_thirty_seconds() {
    let status = Rc::new(Cell::new("normal"));
    let answers = Rc::clone(&status);
    let host = host(move |request| match request.method {
        Method::Get if answers.get() == "down" => answer(503, ""),
        _ => session("a:1", "b:1", answers.get()),
    });
    let sink = sink(&host);
    assert_eq!(sink.poll().await.unwrap(), None);
    let schema = orders(true);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    let before = host.requests().len();
    assert_eq!(sink.poll().await.unwrap(), Some(30_000));
    assert_eq!(host.requests().len(), before, "it is not due yet");

    host.pass(Duration::from_secs(31));
    assert_eq!(sink.poll().await.unwrap(), Some(30_000));
    assert_eq!(host.lines().last().unwrap(), "GET /projects/p/tables/orders/upserts?upsertid=x");

    // A service that is down for a moment is asked again soon.
    status.set("down");
    host.pass(Duration::from_secs(31));
    assert_eq!(sink.poll().await.unwrap(), Some(1_000));

    status.set("expired");
    let error = sink.poll().await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.session"));
}

#[tokio::test]
async fn a_table_that_fails_to_be_created_says_why() {
    let failing = |result: &'static str| {
        FakeHost::new(move |_, request| {
            let line = line(request);
            if line.contains("/tables/") {
                answer(404, "<Error><Code>NoSuchObject</Code><Message>no table</Message></Error>")
            } else if line == "GET /api/projects/p" {
                answer(200, "<Project><Properties/></Project>")
            } else if line.starts_with("POST /api/projects/p/instances") {
                answer_with(201, &[("Location", "http://h/api/projects/p/instances/i1")], "")
            } else if line.ends_with("?taskstatus") {
                answer(
                    200,
                    "<Instance><Status>Terminated</Status><Tasks><Task><Status>Failed</Status></Task></Tasks></Instance>",
                )
            } else if line.ends_with("?result") {
                answer(
                    200,
                    &format!(
                        "<Instance><Tasks><Task><Result>{result}</Result><Status>Failed</Status></Task></Tasks></Instance>"
                    ),
                )
            } else {
                answer(200, "<Instance><Status>Terminated</Status></Instance>")
            }
        })
    };
    let host = failing("ODPS-0130013:[1,1] Authorization exception - no privilege 'odps:CreateTable'");
    let error = sink(&host).apply(&creation(&orders(true))).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.permission"));
    assert!(
        error.message.contains("odps:CreateTable") && error.message.contains("instance i1"),
        "{}",
        error.message
    );
    assert!(error.causes[0].contains("CREATE TABLE IF NOT EXISTS `p`.`orders`"), "{:?}", error.causes);

    let host = failing("ODPS-0130161:[1,9] Parse exception");
    let error = sink(&host).apply(&creation(&orders(true))).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Permanent, "maxcompute.sql"));
}

#[tokio::test]
async fn a_job_is_polled_with_growing_waits_until_it_ends() {
    let mut polls = 0;
    let mut created = false;
    let host = FakeHost::new(move |_, request| {
        let line = line(request);
        if line.contains("/tables/") {
            return if created { answer(200, TABLE) } else { answer(404, "") };
        }
        if line == "GET /api/projects/p" {
            return answer(200, "<Project><Properties/></Project>");
        }
        if line.starts_with("POST") {
            return answer_with(201, &[("location", "http://h/instances/i1")], "");
        }
        if line.ends_with("?taskstatus") {
            created = true;
            return answer(200, "<Instance><Tasks><Task><Status>SUCCESS</Status></Task></Tasks></Instance>");
        }
        polls += 1;
        let status = if polls < 7 { "Running" } else { "Terminated" };
        answer(200, &format!("<Instance><Status>{status}</Status></Instance>"))
    });
    assert_eq!(sink(&host).apply(&creation(&orders(true))).await.unwrap(), Applied::Done);
    assert_eq!(host.sleeps(), [100, 200, 400, 800, 1000, 1000].map(Duration::from_millis));
}

#[tokio::test]
async fn a_table_that_is_missing_is_not_opened() {
    let host = FakeHost::new(|_, request| {
        if line(request).contains("/tables/") {
            answer(404, "")
        } else {
            answer(200, "<Project><Properties/></Project>")
        }
    });
    let error = sink(&host).open(orders(true)).await.err().unwrap();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.table"));
    assert!(error.message.contains("p.orders does not exist"), "{}", error.message);
}
