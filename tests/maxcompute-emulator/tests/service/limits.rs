//! Names, counts and sizes that MaxCompute documents: the last that is allowed, and the refusal of the first that is not.

use std::fmt::Write as _;

use maxcompute_emulator::record::Value;
use maxcompute_emulator::{Config, Emulator};

use super::client::{get, open_upload, post, send, sql, sql_error, stream, upload};

async fn emulator() -> Emulator {
    Emulator::start(Config::new("p")).await.expect("starts")
}

fn columns(count: usize) -> String {
    (0..count).map(|n| format!("c{n} bigint")).collect::<Vec<_>>().join(",")
}

fn delta(columns: &str, key: &str, properties: &str) -> String {
    format!(
        "create table t ({columns}, primary key ({key})) tblproperties ('transactional'='true'{properties})"
    )
}

/// Statements that are executed, each with one that goes one step further and what its refusal says.
fn statements() -> Vec<(String, String, &'static str)> {
    let table = |name: &str| format!("create table {name} (id bigint)");
    let column = |column: &str| format!("create table t ({column})");
    let comment = |length: usize| format!("create table t (id bigint) comment '{}'", "x".repeat(length));
    let column_comment = |length: usize| column(&format!("id bigint comment '{}'", "x".repeat(length)));
    let levels = |count: usize| {
        let keys: Vec<String> = (0..count).map(|n| format!("p{n} string")).collect();
        format!("create table t (id bigint) partitioned by ({})", keys.join(","))
    };
    let buckets = |count: u32| delta("id bigint not null", "id", &format!(",'write.bucket.num'='{count}'"));
    // The text of the query, to the byte.
    let text = |length: usize| {
        let query = "create table t (id bigint) --";
        format!("{query}{}", "x".repeat(length - query.len()))
    };
    vec![
        (table(&"t".repeat(128)), table(&"t".repeat(129)), "128 bytes"),
        (table("t_1"), table("`t-1`"), "letters, digits and underscores"),
        (table("t1"), table("`1t`"), "start with a letter"),
        (
            column(&format!("{} bigint", "c".repeat(128))),
            column(&format!("{} bigint", "c".repeat(129))),
            "128 bytes",
        ),
        (
            column(&format!("`{}` bigint", "列".repeat(42))),
            column(&format!("`{}` bigint", "列".repeat(43))),
            "128 bytes",
        ),
        (column("`a_1` bigint"), column("`a-1` bigint"), "no column name"),
        (column("a bigint, b bigint"), column("a bigint, A bigint"), "`a` is there twice"),
        (column("`select` bigint"), column("select bigint"), "reserved word"),
        (comment(1024), comment(1025), "more than 1024 bytes"),
        (column_comment(1024), column_comment(1025), "more than 1024 bytes"),
        (column(&columns(1200)), column(&columns(1201)), "1201 columns; it may have 1200"),
        (levels(6), levels(7), "6 partition keys"),
        (levels(1), "create table t (id bigint) partitioned by (pt double)".to_owned(), "cannot be double"),
        (text(2 << 20), text((2 << 20) + 1), "at most 2097152"),
        (column("c char(255)"), column("c char(256)"), "1 to 255"),
        (column("c varchar(65535)"), column("c varchar(65536)"), "65536"),
        (column("c varchar(1)"), column("c varchar(0)"), "1 to 65535"),
        (column("c decimal(38,18)"), column("c decimal(39,18)"), "1 to 38"),
        (column("c decimal(18,18)"), column("c decimal(17,18)"), "0 to the precision"),
        (buckets(4096), buckets(4097), "1 to 4096"),
        (buckets(1), buckets(0), "1 to 4096"),
        (
            delta("id bigint not null", "id", ",'acid.data.retain.hours'='168'"),
            delta("id bigint not null", "id", ",'acid.data.retain.hours'='169'"),
            "0 to 168",
        ),
        (delta("id bigint not null", "id", ""), delta("id bigint", "id", ""), "must be NOT NULL"),
        (delta("id bigint not null", "id", ""), delta("id json not null", "id", ""), "cannot be json"),
        (
            delta("id bigint not null", "id", ""),
            "create table t (id bigint not null, primary key (id))".to_owned(),
            "'transactional'='true'",
        ),
    ]
}

#[tokio::test]
async fn what_is_documented_is_allowed_and_one_step_further_refused_with_a_code_and_a_sentence() {
    let emulator = emulator().await;
    for (allowed, refused, words) in statements() {
        sql(&emulator, &allowed).await;
        let name = allowed.split(' ').nth(2).expect("a name");
        assert_eq!(get(&emulator, &format!("/projects/p/tables/{name}")).await.status, 200);
        sql(&emulator, &format!("drop table {name}")).await;
        let message = sql_error(&emulator, &refused).await;
        let refused: String = refused.chars().take(80).collect();
        assert!(message.contains(words), "{refused}: {message}");
        let code = message.split(':').next().expect("a code");
        assert!(code.starts_with("ODPS-0") && code.len() == 12, "{refused}: {message}");
        assert!(
            get(&emulator, "/projects/p/tables").await.text().contains("<MaxItems>1000</MaxItems></Tables>")
        );
    }
}

#[tokio::test]
async fn a_table_has_sixty_thousand_partitions_and_no_more() {
    let emulator = emulator().await;
    sql(&emulator, "create table t (id bigint) partitioned by (pt int)").await;
    let mut statement = "alter table t add".to_owned();
    for number in 0..60_000 {
        write!(statement, " partition(pt={number})").expect("text");
    }
    sql(&emulator, &statement).await;
    let message = sql_error(&emulator, "alter table t add partition (pt=60000)").await;
    assert!(
        message.starts_with("ODPS-0110061:") && message.contains("more than 60000 partitions"),
        "{message}"
    );
    let refused = post(&emulator, "/projects/p/tables/t/streams?create_partition&partition=pt=60000").await;
    refused.assert_error(400, "InvalidArgument", "more than 60000 partitions");
    sql(&emulator, "alter table t add if not exists partition (pt=59999)").await;
    sql(&emulator, "alter table t drop partition (pt=7)").await;
    sql(&emulator, "alter table t add partition (pt=60000)").await;
    for (value, words) in [("''", "empty value"), ("'x'", "`x` is no integer"), ("2147483648", "is outside")]
    {
        let message = sql_error(&emulator, &format!("alter table t add partition (pt={value})")).await;
        assert!(message.starts_with("ODPS-0") && message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn values_at_the_end_of_their_range_are_taken_and_beyond_it_refused() {
    const FIELD: usize = 8 * 1024 * 1024;
    let emulator = emulator().await;
    let text = |length: usize| Value::Text("x".repeat(length));
    let number = |text: &str| Value::Text(text.to_owned());
    for (data_type, allowed, refused, words) in [
        ("string", text(FIELD), text(FIELD + 1), "at most 8388608"),
        ("binary", Value::Binary(vec![0; FIELD]), Value::Binary(vec![0; FIELD + 1]), "at most 8388608"),
        (
            "json",
            number(&format!("\"{}\"", "x".repeat(FIELD - 2))),
            number(&format!("\"{}\"", "x".repeat(FIELD))),
            "at most 8388608",
        ),
        ("json", number("{}"), number("{"), "no JSON"),
        ("char(255)", text(255), text(256), "at most 255"),
        ("varchar(65535)", text(65_535), text(65_536), "at most 65535"),
        ("decimal(4,2)", number("99.994"), number("99.995"), "2 integer digits"),
        (
            "decimal(38,18)",
            number("99999999999999999999"),
            number("100000000000000000000"),
            "20 integer digits",
        ),
        ("bigint", Value::Integer(i64::MIN + 1), Value::Integer(i64::MIN), "is outside"),
        ("tinyint", Value::Integer(127), Value::Integer(128), "is outside"),
        ("date", Value::Integer(2_932_896), Value::Integer(2_932_897), "is outside"),
        ("datetime", Value::Integer(253_402_300_799_999), Value::Integer(253_402_300_800_000), "is outside"),
    ] {
        sql(&emulator, &format!("create table t (v {data_type})")).await;
        let block = |value| stream(&[data_type.parse().expect("a type")], &[vec![Some(value)]]);
        upload(&emulator, "/projects/p/tables/t", "", block(allowed)).await;
        let target = open_upload(&emulator, "/projects/p/tables/t", "").await;
        let answer =
            send(&emulator, hyper::Method::PUT, &format!("{target}&blockid=0"), &[], block(refused)).await;
        answer.assert_error(400, "InvalidArgument", words);
        assert!(answer.text().contains(&format!("`v` ({data_type})")), "{}", answer.text());
        sql(&emulator, "drop table t").await;
    }
}

#[tokio::test]
async fn a_result_has_ten_thousand_rows_as_text_and_with_the_limit_of_the_tunnel() {
    let emulator = emulator().await;
    sql(&emulator, "create table t (id bigint)").await;
    let rows: Vec<_> = (0..10_001).map(|id| vec![Some(Value::Integer(id))]).collect();
    let types = ["bigint".parse().expect("a type")];
    upload(&emulator, "/projects/p/tables/t", "", stream(&types, &rows)).await;
    assert_eq!(sql(&emulator, "select * from t").await.lines().count(), 1 + 10_000);
    let document = "<Instance><Job><Tasks><SQL><Name>t</Name><Query>select * from t</Query></SQL></Tasks></Job></Instance>";
    let created = send(&emulator, hyper::Method::POST, "/projects/p/instances", &[], document).await;
    let id =
        created.headers["location"].to_str().expect("text").rsplit('/').next().expect("an id").to_owned();
    for (parameter, count) in [("", 10_001), ("&instance_tunnel_limit_enabled", 10_000)] {
        let path = format!("/projects/p/instances/{id}");
        let session = post(&emulator, &format!("{path}?downloads{parameter}")).await.json();
        assert_eq!(session["RecordCount"], count);
        let read =
            format!("{path}?downloadid={}&data&rowrange", session["DownloadID"].as_str().expect("an id"));
        let last = get(&emulator, &format!("{read}=({},1)", count - 1)).await;
        assert_eq!(last.body, stream(&types, &rows[count - 1..count]));
        get(&emulator, &format!("{read}=({count},1)")).await.assert_error(
            400,
            "InvalidRowRange",
            "rows of the session",
        );
    }
}
