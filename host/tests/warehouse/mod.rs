//! A MaxCompute project, and a reader of it that is not the product's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maxcompute_emulator::{Config, Emulator};

/// An emulated project that a test reads with SQL.
pub(crate) struct Warehouse {
    pub(crate) emulator: Emulator,
    client: reqwest::Client,
}

/// The project's name.
pub(crate) const PROJECT: &str = "warehouse";

impl Warehouse {
    pub(crate) async fn start() -> Self {
        // Plain HTTP needs no cryptography, but the client is not made without.
        drop(rustls::crypto::ring::default_provider().install_default());
        let emulator = Emulator::start(Config::new(PROJECT)).await.unwrap();
        Self { emulator, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// What the sink's option `endpoint` says.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/api", self.emulator.endpoint())
    }

    /// The rows of a table as lines of CSV, sorted; none where there is no such table.
    pub(crate) async fn rows(&self, table: &str) -> Option<Vec<String>> {
        let instances = format!("{}/projects/{PROJECT}/instances", self.emulator.endpoint());
        let job = format!(
            "<Instance><Job><Tasks><SQL><Name>t</Name><Query>SELECT * FROM {table};</Query></SQL></Tasks></Job></Instance>"
        );
        let created = self.client.post(&instances).body(job).send().await.unwrap();
        let location = created.headers()["location"].to_str().unwrap().to_owned();
        let id = location.rsplit('/').next().unwrap();
        let result = self.client.get(format!("{instances}/{id}?result")).send().await.unwrap();
        let result = result.text().await.unwrap();
        if !result.contains("<Status>Success</Status>") {
            return None;
        }
        let encoded = result.split("<![CDATA[").nth(1).unwrap().split("]]>").next().unwrap();
        let text = String::from_utf8(BASE64.decode(encoded).unwrap()).unwrap();
        let mut rows: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
        rows.sort_unstable();
        Some(rows)
    }
}
