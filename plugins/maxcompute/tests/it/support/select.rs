//! Reads a table back by SQL: nothing of the sink's record codec takes part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cdc_plugin::host::http::Method;
use cdc_plugin_maxcompute::request::{Call, Client};
use cdc_plugin_maxcompute::settings::Settings;

use crate::support::native::NativeHost;
use crate::support::tables::options;

/// Rows of a table as comma-separated text, sorted.
pub(crate) async fn rows(host: &NativeHost, endpoint: &str, table: &str) -> Vec<String> {
    let client = Client::new(host.clone(), Settings::read(&options(endpoint)).unwrap());
    let path = |rest: &[&str]| {
        ["projects", "p", "instances"].iter().chain(rest).map(|it| (*it).to_owned()).collect()
    };
    let table = table.replace('.', "`.`");
    let job = format!(
        "<Instance><Job><Tasks><SQL><Name>t</Name><Query>SELECT * FROM `p`.`{table}`;</Query></SQL></Tasks></Job></Instance>"
    );
    let answer = client.send(&Call::new(Method::Post, "select", path(&[])).xml(job)).await.unwrap();
    let id = answer.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
    let answer = client.send(&Call::new(Method::Get, "result", path(&[&id])).action("result")).await.unwrap();
    let text = answer.text().into_owned();
    let document = roxmltree::Document::parse(&text).unwrap();
    let status = document.descendants().rfind(|node| node.has_tag_name("Status")).unwrap();
    let result = document.descendants().find(|node| node.has_tag_name("Result")).unwrap();
    let result = BASE64.decode(result.text().unwrap().trim()).unwrap();
    let result = String::from_utf8(result).unwrap();
    assert_eq!(status.text(), Some("Success"), "{result}");
    let mut rows: Vec<_> = result.lines().skip(1).map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}
