use hyper::Method;
use maxcompute_emulator::{Config, Emulator};
use serde_json::Value as Json;

use super::client::{get, post, send, sql};
use super::source::{bytes_of, load};

fn encoding(request: &Json) -> Vec<(&'static str, String)> {
    request["content_encoding"]
        .as_str()
        .map(|name| ("content-encoding", name.to_owned()))
        .into_iter()
        .collect()
}

/// `c0 TYPE [NOT NULL], c1 …`
fn columns(vector: &Json, key: &[&str]) -> String {
    let types = vector["types"].as_array().expect("types").iter().enumerate();
    let column = |(index, name): (usize, &Json)| {
        let column = format!("c{index}");
        let not_null = if key.contains(&column.as_str()) { " not null" } else { "" };
        format!("{column} {}{not_null}", name.as_str().expect("type"))
    };
    types.map(column).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn bodies_of_every_type_and_compression_are_stored_and_come_back_in_canonical_form() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    let mut compared = 0;
    for vector in load("records_append.json") {
        let name = vector["name"].as_str().expect("name");
        // The smallest BIGINT is in these; the service documents that it takes none.
        let refused = ["bigint"].contains(&name);
        // Stored decimals lose their exponent and trailing zeros.
        let rewritten = vector["types"].to_string().contains("decimal");
        for (algorithm, body) in vector["bodies"].as_object().expect("bodies") {
            let table = format!("{name}_{algorithm}");
            sql(&emulator, &format!("create table {table} ({})", columns(&vector, &[]))).await;
            let path = format!("/projects/p/tables/{table}");
            let session = post(&emulator, &format!("{path}?uploads")).await.json();
            let id = session["UploadID"].as_str().expect("id");
            let encoding = encoding(body);
            let headers: Vec<_> = encoding.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let target = format!("{path}?uploadid={id}&blockid=0");
            let written = send(&emulator, Method::PUT, &target, &headers, bytes_of(&body["hex"])).await;
            if refused {
                written.assert_error(400, "InvalidArgument", "is outside");
                continue;
            }
            assert_eq!(written.status, 200, "{table}: {}", written.text());
            post(&emulator, &format!("{path}?uploadid={id}")).await.json();
            let session = post(&emulator, &format!("{path}?downloads")).await.json();
            assert_eq!(session["RecordCount"], vector["record_count"], "{table}");
            let (id, count) = (session["DownloadID"].as_str().expect("id"), &session["RecordCount"]);
            let read = get(&emulator, &format!("{path}?data&downloadid={id}&rowrange=(0,{count})")).await;
            assert_eq!(read.status, 200, "{table}: {}", read.text());
            if !rewritten {
                assert_eq!(read.body, bytes_of(&vector["canonical_hex"]), "{table}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared} bodies compared");
    emulator.shutdown().await;
}

#[tokio::test]
async fn upsert_bodies_of_every_compression_are_applied() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    for vector in load("records_upsert.json") {
        let key: Vec<&str> =
            vector["primary_key"].as_array().expect("key").iter().filter_map(Json::as_str).collect();
        let operations = vector["operations"].as_array().expect("operations");
        // In the vectors a key that is deleted was not upserted after that.
        let deleted: Vec<&Json> = operations.iter().filter(|o| o[0] == "D").map(|o| &o[1]).collect();
        let kept = operations.iter().filter(|o| o[0] == "U" && !deleted.contains(&&o[1])).count();
        for (algorithm, requests) in vector["requests"].as_object().expect("requests") {
            let table = format!("{}_{algorithm}", vector["name"].as_str().expect("name"));
            let partition =
                vector["partition"].as_str().map(|_| "partitioned by (pt string)").unwrap_or_default();
            sql(
                &emulator,
                &format!(
                    "create table {table} ({}, primary key ({})) {partition} tblproperties \
                     ('transactional'='true','write.bucket.num'='{}')",
                    columns(&vector, &key),
                    key.join(","),
                    vector["bucket_num"]
                ),
            )
            .await;
            let path = format!("/projects/p/tables/{table}/upserts");
            let partition = match vector["partition"].as_str() {
                Some(spec) => {
                    let (key, value) = spec.split_once('=').expect("key=value");
                    sql(&emulator, &format!("alter table {table} add partition ({key}='{value}')")).await;
                    format!("&partition={spec}")
                }
                None => String::new(),
            };
            let session = post(&emulator, &format!("{path}?slotnum=2{partition}")).await.json();
            let id = session["id"].as_str().expect("id");
            let worker = session["slots"][0]["worker_addr"].as_str().expect("worker").to_owned();
            for request in requests.as_array().expect("requests") {
                let (_, query) = request["target"].as_str().expect("target").split_once('?').expect("query");
                let target = format!("{path}?{}", query.replace("UPSERT_ID", id));
                let encoding = encoding(request);
                let mut headers: Vec<_> =
                    encoding.iter().map(|(name, value)| (*name, value.as_str())).collect();
                headers.push(("odps-tunnel-routed-server", &worker));
                let written =
                    send(&emulator, Method::PUT, &target, &headers, bytes_of(&request["hex"])).await;
                assert_eq!(written.status, 200, "{table}: {}", written.text());
            }
            let committed = post(&emulator, &format!("{path}?upsertid={id}{partition}")).await.json();
            assert_eq!(committed["status"], "committed");
            assert_eq!(
                sql(&emulator, &format!("select count(*) from {table}")).await,
                format!("_c0\n{kept}\n")
            );
        }
    }
    emulator.shutdown().await;
}
