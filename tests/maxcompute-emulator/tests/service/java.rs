//! What the Java SDK needs of the service, asked for byte by byte as it asks: both forms of the path, bare parameters, POST
//! without a length, chunked bodies, connections that close, Host without a port.

mod client;
mod tunnel;

use maxcompute_emulator::record::Value;
use serde_json::Value as Json;

use super::client::{Answer, stream};
use client::{Body, Java, md5_of};

const TUNNEL: [(&str, &str); 2] = [("x-odps-tunnel-version", "6"), ("odps-tunnel-date-transform", "v1")];
/// The text of the first element of this name; an empty element has none.
fn element(document: &str, name: &str) -> Option<String> {
    if document.contains(&format!("<{name}/>")) {
        return Some(String::new());
    }
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
}

fn is_http_date(answer: &Answer, header: &str) -> bool {
    answer
        .headers
        .get(header)
        .is_some_and(|value| httpdate::parse_http_date(value.to_str().unwrap_or("")).is_ok())
}

/// The JSON inside `<Schema>`.
fn table_json(document: &str) -> Json {
    let (_, rest) = document.split_once("<Schema format=\"Json\"><![CDATA[").expect("a schema");
    serde_json::from_str(rest.split_once("]]>").expect("its end").0).expect("JSON")
}

async fn create_tables(java: &Java) {
    java.sql(
        "CREATE TABLE IF NOT EXISTS `p`.`default`.`d` (`id` BIGINT NOT NULL COMMENT 'it\\'s',`v` STRING, \
         PRIMARY KEY(`id`)) TBLPROPERTIES('transactional'='true','write.bucket.num'='4')",
    )
    .await;
    java.sql("CREATE TABLE IF NOT EXISTS `p`.`default`.`a` (`id` BIGINT) PARTITIONED BY (`pt` STRING)").await;
    java.sql("ALTER TABLE `p`.`default`.`a` ADD IF NOT EXISTS PARTITION (pt='a b')").await;
}

fn numbers(values: &[i64]) -> Vec<u8> {
    let rows: Vec<_> = values.iter().map(|value| vec![Some(Value::Integer(*value))]).collect();
    stream(&["bigint".parse().expect("a type")], &rows)
}

#[tokio::test]
async fn a_project_binds_and_tells_of_its_schemas_and_its_tunnel() {
    for java in Java::with_each_endpoint().await {
        for target in [
            "/projects/p?curr_project=p",
            "/projects/p?extended&curr_project=p",
            "/projects/p?properties=all",
        ] {
            let answer = java.send("GET", target, &[], Body::None).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(!answer.headers["x-odps-owner"].is_empty());
            assert!(is_http_date(&answer, "x-odps-creation-time") && is_http_date(&answer, "last-modified"));
            let properties = element(&answer.text(), "Properties").expect("properties");
            assert!(
                properties.contains("<Name>odps.schema.model.enabled</Name><Value>true</Value>"),
                "{properties}"
            );
            assert_eq!(element(&answer.text(), "Name").as_deref(), Some("p"));
        }
        let answer = java.send("GET", "/projects/p/tunnel?service&curr_project=p", &[], Body::None).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, java.emulator.address().to_string()));
        let answer = java.send("GET", "/projects/q?curr_project=p", &[], Body::None).await;
        assert_eq!(answer.status, 404);
        for name in ["Code", "Message", "RequestId", "HostId"] {
            assert!(
                element(&answer.text(), name).is_some_and(|text| !text.is_empty()),
                "{name}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn a_schema_is_made_found_and_dropped() {
    for java in Java::with_each_endpoint().await {
        let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Schema>\n   <Name>s1</Name>\n   <Project>p</Project>\n   \
                        <Comment>generate by Flink CDC</Comment>\n   <IfNotExists>true</IfNotExists>\n</Schema>";
        let digest = md5_of(document.as_bytes());
        let headers = [("Content-Type", "application/xml"), ("Content-MD5", digest.as_str())];
        for _ in 0..2 {
            let target = "/projects/p/schemas?curr_project=p";
            let answer = java.send("POST", target, &headers, Body::Whole(document.as_bytes())).await;
            assert!(answer.status.is_success(), "{}", answer.text());
        }
        let target = "/projects/p/schemas/s1?curr_project=p";
        let answer = java.send("GET", target, &[], Body::None).await;
        assert_eq!(answer.status, 200);
        assert!(is_http_date(&answer, "x-odps-creation-time") && is_http_date(&answer, "last-modified"));
        assert!(answer.headers.contains_key("x-odps-owner"));
        let listed = java.send("GET", "/projects/p/schemas?expectmarker=true", &[], Body::None).await.text();
        assert!(
            listed.contains("<Name>s1</Name>") && element(&listed, "Marker") == Some(String::new()),
            "{listed}"
        );
        assert!(java.send("DELETE", target, &[], Body::None).await.status.is_success());
        assert_eq!(java.send("GET", target, &[], Body::None).await.status, 404);
    }
}

#[tokio::test]
async fn tables_are_described_as_the_sdk_reads_them() {
    for java in Java::with_each_endpoint().await {
        create_tables(&java).await;
        let plain = java
            .send("GET", "/projects/p/tables/d?curr_schema=default&curr_project=p", &[], Body::None)
            .await;
        assert_eq!(plain.status, 200);
        for name in ["Name", "TableId", "Owner", "Project", "CreationTime", "LastModifiedTime", "Type"] {
            assert!(
                element(&plain.text(), name).is_some_and(|text| !text.is_empty()),
                "{name}: {}",
                plain.text()
            );
        }
        let json = table_json(&plain.text());
        assert_eq!(json["columns"][0]["name"], "id");
        assert_eq!(json["columns"][0]["comment"], "it's");
        assert_eq!(json["columns"][0]["isNullable"], false);
        assert_eq!(json["columns"][1]["type"], "string");
        assert_eq!(json["partitionKeys"], Json::Array(Vec::new()));
        for key in [
            "createTime",
            "lastModifiedTime",
            "lastDDLTime",
            "lastAccessTime",
            "lifecycle",
            "size",
            "recordNum",
        ] {
            assert!(json[key].is_i64(), "{key}: {json}");
        }
        assert_eq!((&json["isVirtualView"], &json["tableLabel"]), (&false.into(), &"0".into()));
        let extended =
            java.send("GET", "/projects/p/tables/d?extended&curr_project=p", &[], Body::None).await;
        let json = table_json(&extended.text());
        let reserved: Json =
            serde_json::from_str(json["Reserved"].as_str().expect("text")).expect("JSON in the text");
        assert_eq!(reserved["Transactional"], "true", "a string, not a boolean");
        assert_eq!(reserved["PrimaryKey"], serde_json::json!(["id"]));
        assert_eq!(reserved["BucketNum"], 4);
        assert_eq!(reserved["SortCols"][0]["col"], "id");
        let append = java.send("GET", "/projects/p/tables/a?extended", &[], Body::None).await;
        let json = table_json(&append.text());
        let reserved: Json =
            serde_json::from_str(json["Reserved"].as_str().expect("text")).expect("JSON in the text");
        assert!(
            reserved.get("PrimaryKey").is_none() && reserved.get("Transactional").is_none(),
            "{reserved}"
        );
        assert_eq!(json["partitionKeys"][0]["name"], "pt");
        let missing = java.send("GET", "/projects/p/tables/nope?curr_project=p", &[], Body::None).await;
        assert_eq!(missing.status, 404);
        assert_eq!(element(&missing.text(), "Code").as_deref(), Some("NoSuchObject"));
        assert!(element(&missing.text(), "Message").expect("a message").contains("ODPS-0130131:"));
    }
}

#[tokio::test]
async fn a_job_is_followed_to_its_result_or_its_error() {
    for java in Java::with_each_endpoint().await {
        create_tables(&java).await;
        java.emulator.faults().add("operation=create-instance first=1 running=1".parse().expect("a fault"));
        let document = |query: &str| {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Instance><Job><Priority>9</Priority><Tasks><SQL>\n  \
                 <Name>SQLDropTableTask</Name>\n  <Config>\n    <Property><Name>type</Name><Value>sql</Value></Property>\n  \
                 </Config>\n  <Query>{query}</Query>\n</SQL></Tasks></Job></Instance>"
            )
        };
        let id = java.submit(&document("DROP TABLE `p`.`default`.`a`;")).await;
        assert!(!id.ends_with("_mcqa"), "{id}");
        let path = format!("/projects/p/instances/{id}");
        for status in ["Running", "Terminated"] {
            let answer = java.send("GET", &format!("{path}?curr_project=p"), &[], Body::None).await;
            assert_eq!(
                (answer.status.as_u16(), element(&answer.text(), "Status").as_deref()),
                (200, Some(status))
            );
            assert!(
                is_http_date(&answer, "x-odps-start-time") && answer.headers.contains_key("x-odps-owner")
            );
            assert!(answer.headers.contains_key("x-odps-end-time"), "Java reads it of a running job too");
        }
        let tasks =
            java.send("GET", &format!("{path}?taskstatus&curr_project=p"), &[], Body::None).await.text();
        assert_eq!(
            element(&tasks, "Name").as_deref(),
            Some("SQLDropTableTask"),
            "the name that was submitted"
        );
        assert!(
            tasks.contains("<Task Type=\"SQL\">") && tasks.contains("<Status>Success</Status>"),
            "{tasks}"
        );
        let id = java.submit(&document("DROP TABLE `p`.`default`.`a`;")).await;
        let path = format!("/projects/p/instances/{id}");
        let tasks = java.send("GET", &format!("{path}?taskstatus"), &[], Body::None).await.text();
        assert!(tasks.contains("<Status>Failed</Status>"), "{tasks}");
        let message = java.sql("DROP TABLE `p`.`default`.`a`").await;
        assert!(message.starts_with("ODPS-0130131:") && message.contains("Table not found"), "{message}");
        let source = java.send("GET", &format!("{path}?source"), &[], Body::None).await.text();
        assert!(source.contains("<Name>SQLDropTableTask</Name>"), "{source}");
        // `SQLTask.run` of the connector prints a log view.
        assert!(java.send("GET", "/logview/host", &[], Body::None).await.text().starts_with("http://"));
        let policy = b"{\"expires_in_hours\":168,\"policy\":{\"Statement\":[],\"Version\":\"1\"}}";
        let digest = md5_of(policy);
        let headers = [("Content-Type", "application/json"), ("Content-MD5", digest.as_str())];
        let target = "/projects/p/authorization?sign_bearer_token&curr_project=p";
        let answer = java.send("POST", target, &headers, Body::Whole(policy)).await;
        assert!(
            element(&answer.text(), "Result").is_some_and(|token| !token.is_empty()),
            "{}",
            answer.text()
        );
        let stop = b"<?xml version=\"1.0\"?><Instance><Status>Terminated</Status></Instance>";
        let digest = md5_of(stop);
        let headers = [("Content-Type", "application/xml"), ("Content-MD5", digest.as_str())];
        assert_eq!(java.send("PUT", &path, &headers, Body::Whole(stop)).await.status, 409, "it has ended");
    }
}
