//! Every conversation that PyODPS had with a stand-in server, had again with the emulator: the same requests byte by byte
//! but for ids and addresses, the same statuses, and every header, element and member that the stand-in sent.

mod comparison;
mod scene;

use std::collections::BTreeMap;

use maxcompute_emulator::Emulator;
use serde_json::Value as Json;

use super::client::{Answer, sql_of};
use super::source::{bytes_of, load};
use super::wire::{chunked, exchange};
use comparison::Expected;
use scene::Scene;

/// A flow under way.
struct Replay<'a> {
    flow: &'a str,
    emulator: &'a Emulator,
    scene: &'a Scene,
    /// Recorded ids and addresses with those of now.
    names: BTreeMap<String, String>,
    /// The slot of each bucket, from the newest upsert session's document.
    slots: BTreeMap<u64, String>,
}

impl Replay<'_> {
    fn today(&self, recorded: &str) -> String {
        self.names.iter().fold(recorded.to_owned(), |text, (old, new)| text.replace(old, new))
    }

    fn as_recorded(&self, today: &str) -> String {
        self.names.iter().fold(today.to_owned(), |text, (old, new)| text.replace(new, old))
    }

    /// A write goes to the slot that the session names, which may be another than the recorded one.
    fn target(&self, recorded: &str) -> String {
        let target = self.today(recorded);
        let bucket = target.split("bucketid=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
        let Some(slot) = bucket.and_then(|bucket: u64| self.slots.get(&bucket)) else { return target };
        let (before, rest) = target.split_once("slotid=").expect("a slot beside the bucket");
        let after = rest.split_once('&').map_or("", |(_, after)| after);
        format!("{before}slotid={slot}&{after}")
    }

    async fn send(&self, request: &Json) -> Answer {
        let text = |value: &Json| value.as_str().expect("text").to_owned();
        let body = match (&request["body"], &request["body_hex"]) {
            (Json::String(text), _) => text.clone().into_bytes(),
            (_, hex @ Json::String(_)) => bytes_of(hex),
            _ => Vec::new(),
        };
        let mut head =
            format!("{} {} HTTP/1.1\r\n", text(&request["method"]), self.target(&text(&request["target"])));
        let mut in_chunks = false;
        for header in request["headers"].as_array().expect("headers") {
            let (name, value) = (text(&header[0]), self.today(&text(&header[1])));
            in_chunks |= name.eq_ignore_ascii_case("transfer-encoding");
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let body = if in_chunks { chunked(&body) } else { body };
        exchange(self.emulator.address(), &[head.as_bytes(), &body].concat()).await
    }

    /// Learns the ids of what the emulator has made.
    fn learn(&mut self, recorded: &Json, answer: &Answer) {
        if let Some(old) = recorded["headers"]["Location"].as_str()
            && let Some(new) = answer.headers.get("location")
        {
            let id = |url: &str| url.rsplit('/').next().expect("an id").to_owned();
            self.names.insert(id(old), id(new.to_str().expect("text")));
        }
        let (Some(Ok(old)), Ok(new)) = (
            recorded["body"].as_str().map(serde_json::from_str::<Json>),
            serde_json::from_slice::<Json>(&answer.body),
        ) else {
            return;
        };
        for key in ["UploadID", "DownloadID", "id", "session_name"] {
            if let (Some(old), Some(new)) = (old[key].as_str(), new[key].as_str()) {
                self.names.insert(old.to_owned(), new.to_owned());
            }
        }
        for slot in new["slots"].as_array().into_iter().flatten() {
            for bucket in slot["buckets"].as_array().into_iter().flatten() {
                let slot = slot["slot_id"].as_str().expect("an id").to_owned();
                self.slots.insert(bucket.as_u64().expect("a number"), slot);
            }
        }
    }

    async fn exchange(&mut self, number: usize, exchange: &Json) {
        let answer = self.send(&exchange["request"]).await;
        let recorded = &exchange["response"];
        let place = format!("{} {number}: {}", self.flow, exchange["request"]["target"]);
        self.learn(recorded, &answer);
        let status = recorded["status"].as_u64().expect("a status") as u16;
        if self.scene.executes_what_the_stand_in_did_not(number) {
            assert_eq!((status, answer.status.as_u16()), (404, 200), "{place}: {}", answer.text());
            return;
        }
        assert_eq!(answer.status, status, "{place}: {}", answer.text());
        let mut expected = Expected { place, differences: Vec::new() };
        for (name, value) in recorded["headers"].as_object().expect("headers") {
            let found = answer.headers.get(name).map(|found| found.to_str().expect("text"));
            let found = found.map(|found| self.as_recorded(found));
            expected.header(name, value.as_str().expect("text"), found.as_deref());
        }
        match (&recorded["body"], &recorded["body_hex"]) {
            _ if self.scene.body_is_unread(number) => {}
            (Json::String(text), _) => expected.text(text, &self.as_recorded(&answer.text())),
            (_, hex @ Json::String(_)) => expected.records(&bytes_of(hex), &answer.body),
            _ => {}
        }
        assert!(expected.differences.is_empty(), "{}\n{}", expected.place, expected.differences.join("\n"));
    }
}

#[tokio::test]
async fn every_flow_of_pyodps_goes_as_it_was_recorded() {
    let mut requests = 0;
    for flow in load("flows_pyodps.json") {
        let name = flow["name"].as_str().expect("a name");
        let scene = Scene::of(name);
        let emulator = scene.start().await;
        let address = emulator.address().to_string();
        let names = BTreeMap::from([("127.0.0.1:PORT".to_owned(), address)]);
        let mut replay =
            Replay { flow: name, emulator: &emulator, scene: &scene, names, slots: BTreeMap::new() };
        for (number, exchange) in flow["exchanges"].as_array().expect("exchanges").iter().enumerate() {
            replay.exchange(number, exchange).await;
            requests += 1;
        }
        for (query, rows) in scene.afterwards() {
            assert_eq!(sql_of(&emulator, "proj", query).await, *rows, "{name}: {query}");
        }
        let journal = emulator.journal().entries();
        assert!(journal.iter().all(|entry| entry.operation.is_some()), "{name}: {journal:?}");
        emulator.shutdown().await;
    }
    assert!(requests > 100, "{requests} requests");
}
