use base64::Engine as _;
use maxcompute_emulator::record::{RecordReader, Value};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value as Json;

/// Members and elements whose values are a server's own: they must be there, with a value of the same kind.
const OWN: [&str; 25] = [
    "CreateTime",
    "CreationTime",
    "EndTime",
    "FileName",
    "HostId",
    "Initiated",
    "LastModifiedTime",
    "Owner",
    "PhysicalSize",
    "ProjectGroupName",
    "QuotaName",
    "Region",
    "RequestId",
    "StartTime",
    "TableId",
    "Tenant.Name",
    "createTime",
    "lastDDLTime",
    "lastModifiedTime",
    "owner",
    "partitionRecordNum",
    "partitionSize",
    "recordNum",
    "size",
    "worker_addr",
];

/// Members that neither SDK reads.
const UNREAD: [&str; 1] = ["CompressMode"];

/// Compares a response with a recorded one and keeps what is missing or different. More may be there.
pub(super) struct Expected {
    pub(super) place: String,
    pub(super) differences: Vec<String>,
}

/// An XML element.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Expected {
    fn differ(&mut self, at: &str, recorded: impl std::fmt::Debug, found: impl std::fmt::Debug) {
        self.differences.push(format!("{at}: recorded {recorded:?}, found {found:?}"));
    }

    pub(super) fn header(&mut self, name: &str, recorded: &str, found: Option<&str>) {
        let own = ["content-length", "last-modified", "location"];
        let lower = name.to_lowercase();
        let Some(found) = found else { return self.differ(name, recorded, "no such header") };
        if !own.contains(&lower.as_str()) && !lower.starts_with("x-odps-") && recorded != found {
            self.differ(name, recorded, found);
        }
    }

    /// A JSON document, an XML document or plain text.
    pub(super) fn text(&mut self, recorded: &str, found: &str) {
        if let Ok(recorded) = serde_json::from_str::<Json>(recorded) {
            match serde_json::from_str(found) {
                Ok(found) => self.json("", &recorded, &found),
                Err(error) => self.differ("body", "JSON", error),
            }
        } else if recorded.starts_with('<') {
            let found = Element::parse(found);
            self.element(&Element::parse(recorded), &found);
        } else if recorded != found {
            self.differ("body", recorded, found);
        }
    }

    /// Record streams of `(BIGINT, STRING)`.
    pub(super) fn records(&mut self, recorded: &[u8], found: &[u8]) {
        let (recorded, found) = (records(recorded), records(found));
        if recorded != found {
            self.differ("records", recorded, found);
        }
    }

    fn json(&mut self, at: &str, recorded: &Json, found: &Json) {
        match (recorded, found) {
            (Json::Object(recorded), Json::Object(found)) => {
                for (key, recorded) in recorded {
                    let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                    match found.get(key) {
                        Some(found) => self.json(&at, recorded, found),
                        None if UNREAD.contains(&at.as_str()) => {}
                        None => self.differ(&at, recorded, "no such member"),
                    }
                }
            }
            (Json::Array(recorded), Json::Array(found)) if at == "slots" => self.slots(recorded, found),
            (Json::Array(recorded), Json::Array(found)) if recorded.len() == found.len() => {
                for (recorded, found) in recorded.iter().zip(found) {
                    self.json(at, recorded, found);
                }
            }
            (Json::String(recorded), Json::String(found)) => self.value(at, recorded, found),
            (Json::Number(_), Json::Number(_)) if is_own(at) => {}
            _ if recorded == found => {}
            _ => self.differ(at, recorded, found),
        }
    }

    /// How many slots there are is the server's choice; that they hold each bucket once is not.
    fn slots(&mut self, recorded: &[Json], found: &[Json]) {
        let buckets = |slots: &[Json]| {
            let all = slots.iter().flat_map(|slot| slot["buckets"].as_array().cloned().unwrap_or_default());
            let mut all: Vec<u64> = all.filter_map(|bucket| bucket.as_u64()).collect();
            all.sort_unstable();
            all
        };
        if buckets(recorded) != buckets(found) {
            self.differ("slots", recorded, found);
        }
        for slot in found {
            let form = &recorded[0];
            match (form, slot) {
                (Json::Object(form), Json::Object(_)) => {
                    for key in form.keys().filter(|key| *key != "buckets") {
                        if !slot[key].is_string() {
                            self.differ(&format!("slots.{key}"), form, slot);
                        }
                    }
                }
                (Json::Array(_), Json::Array(pair))
                    if pair.len() == 2 && pair.iter().all(Json::is_string) => {}
                _ => self.differ("slots", form, slot),
            }
        }
    }

    fn element(&mut self, recorded: &Element, found: &Element) {
        let at = recorded.name.clone();
        if recorded.name != found.name {
            return self.differ(&at, &recorded.name, &found.name);
        }
        for (name, value) in &recorded.attributes {
            let found =
                found.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
            // Clients read a result of either format alike.
            let either = name == "Format" && value == "text" && found == Some("csv");
            if found != Some(value.as_str()) && !either {
                self.differ(&format!("{at} {name}"), value, found);
            }
        }
        match (decoded(recorded), decoded(found)) {
            (recorded, found) if recorded.starts_with('{') => {
                match (serde_json::from_str::<Json>(&recorded), serde_json::from_str::<Json>(&found)) {
                    (Ok(recorded), Ok(found)) => self.json("", &recorded, &found),
                    _ => self.differ(&at, recorded, found),
                }
            }
            (recorded, found) => self.value(&at, &recorded, &found),
        }
        for (index, child) in recorded.children.iter().enumerate() {
            let nth = recorded.children.get(..index).unwrap_or_default();
            let nth = nth.iter().filter(|sibling| sibling.name == child.name).count();
            match found.children.iter().filter(|candidate| candidate.name == child.name).nth(nth) {
                Some(found) => self.element(child, found),
                None => self.differ(&format!("{at}/{}", child.name), child, "no such element"),
            }
        }
    }

    fn value(&mut self, at: &str, recorded: &str, found: &str) {
        if at.ends_with("Reserved") {
            let read = |text| serde_json::from_str::<Json>(text).expect("a document in a document");
            self.json(at, &read(recorded), &read(found));
        } else if !is_own(at) && without_position(recorded) != without_position(found) {
            self.differ(at, recorded, found);
        }
    }
}

fn is_own(at: &str) -> bool {
    OWN.iter().any(|own| at == *own || at.ends_with(&format!(".{own}")))
}

/// A message without the place in the query, which parsers count differently.
fn without_position(text: &str) -> String {
    match (text.strip_prefix("ODPS-"), text.find('['), text.find(']')) {
        (Some(_), Some(open), Some(close)) if open < close => {
            format!("{}{}", &text[..open], &text[close + 1..])
        }
        _ => text.to_owned(),
    }
}

fn decoded(element: &Element) -> String {
    let in_base64 = element.attributes.iter().any(|(name, value)| name == "Transform" && value == "Base64");
    if !in_base64 {
        return element.text.clone();
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(&element.text).expect("base64");
    String::from_utf8(bytes).expect("text")
}

fn records(stream: &[u8]) -> Vec<[Option<Value>; 2]> {
    let types = ["bigint", "string"].map(|name| name.parse().expect("a type"));
    let mut reader = RecordReader::new(&types, stream);
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().expect("a record") {
        records.push([0, 1].map(|index| record.value(index).expect("a value")));
    }
    records
}

impl Element {
    fn parse(document: &str) -> Self {
        let mut reader = Reader::from_str(document);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().expect("XML") {
                Event::Start(start) => open.push(Self::begun(&start)),
                Event::Empty(start) => {
                    let element = Self::begun(&start);
                    open.last_mut().expect("a parent").children.push(element);
                }
                Event::End(_) => {
                    let mut element = open.pop().expect("an open element");
                    element.text = element.text.trim().to_owned();
                    open.last_mut().expect("a parent").children.push(element);
                }
                Event::Text(text) => open.last_mut().expect("a parent").text.push_str(&text),
                Event::CData(text) => open.last_mut().expect("a parent").text.push_str(&text),
                Event::GeneralRef(name) => {
                    let name = format!("&{};", &*name);
                    let text = quick_xml::escape::unescape(&name).expect("an entity").into_owned();
                    open.last_mut().expect("a parent").text.push_str(&text);
                }
                Event::Eof => return open.remove(0).children.remove(0),
                _ => {}
            }
        }
    }

    fn begun(start: &quick_xml::events::BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.expect("an attribute");
            (attribute.key.as_ref().to_owned(), attribute.value.into_owned())
        });
        Self { name: start.name().as_ref().to_owned(), attributes: attributes.collect(), ..Self::default() }
    }
}
