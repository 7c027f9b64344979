//! Requests as the Java SDK 0.52.3 writes them, signed as it signs them.

use base64::Engine as _;
use hmac::{Hmac, Mac as _};
use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::{Config, Emulator};
use percent_encoding::percent_decode_str;
use sha1::Sha1;

use crate::service::client::Answer;
use crate::service::wire::{chunked, exchange, exchange_and_close};

const ACCESS_ID: &str = "java-id";
const ACCESS_KEY: &str = "java-key";
const AGENT: &str = "JavaSDK Revision:unknown Version:0.52.3 JavaVersion:17.0.15 Flink CDC";

/// What a request carries.
pub(super) enum Body<'a> {
    /// Nothing: neither a body nor a length, not even on POST.
    None,
    Whole(&'a [u8]),
    Chunked(&'a [u8]),
}

/// A client of an emulator that verifies its signatures, with one form of endpoint.
pub(super) struct Java {
    pub(super) emulator: Emulator,
    /// `/api`, or nothing.
    prefix: &'static str,
}

impl Java {
    /// A client for each form of endpoint, with an emulator of its own.
    pub(super) async fn with_each_endpoint() -> [Self; 2] {
        [Self::start("/api").await, Self::start("").await]
    }

    async fn start(prefix: &'static str) -> Self {
        let key = AccessKey::new(ACCESS_ID.to_owned(), ACCESS_KEY.to_owned());
        let config = Config { access_key: Some(key), schema_model: true, ..Config::new("p") };
        Self { emulator: Emulator::start(config).await.expect("starts"), prefix }
    }

    /// `HttpURLConnection`: kept alive, Host with its port.
    pub(super) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Body<'_>,
    ) -> Answer {
        let mut head = self.head(method, target, headers);
        head.push_str(&format!("Host: {}\r\n", self.emulator.address()));
        head.push_str(
            "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\nConnection: keep-alive\r\n",
        );
        let body = match body {
            Body::None => Vec::new(),
            Body::Whole(body) => {
                head.push_str(&format!("Content-Length: {}\r\n", body.len()));
                body.to_vec()
            }
            Body::Chunked(body) => {
                head.push_str("Transfer-Encoding: chunked\r\n");
                chunked(body)
            }
        };
        let answer = exchange(self.emulator.address(), &[head.as_bytes(), b"\r\n", &body].concat()).await;
        checked(answer)
    }

    /// The writer of upsert sessions: a connection for each write, Host without a port.
    pub(super) async fn send_upsert(&self, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = self.head("PUT", target, headers);
        head.push_str(&format!(
            "Content-Length: {}\r\nHost: {}\r\n",
            body.len(),
            self.emulator.address().ip()
        ));
        head.push_str("Connection: close\r\n\r\n");
        checked(exchange_and_close(self.emulator.address(), &[head.as_bytes(), body].concat()).await)
    }

    fn head(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> String {
        let date = httpdate::fmt_http_date(std::time::SystemTime::now());
        let mut all = vec![("Date", date.as_str()), ("x-odps-user-agent", AGENT)];
        all.extend(headers);
        let authorization = sign(method, target, &all);
        let mut head = format!("{method} {}{target} HTTP/1.1\r\n", self.prefix);
        all.extend([("User-Agent", AGENT), ("Authorization", authorization.as_str())]);
        for (name, value) in all {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head
    }

    /// Runs a job as `SQLTask.run` and `waitForSuccess` do, and gives its result's text.
    pub(super) async fn sql(&self, query: &str) -> String {
        let query = query.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Instance><Job><Priority>9</Priority><Tasks><SQL>\n  \
             <Name>AnonymousSQLTask</Name>\n  <Config>\n    <Property><Name>type</Name><Value>sql</Value></Property>\n    \
             <Property><Name>uuid</Name><Value>c0ffee</Value></Property>\n    <Property><Name>settings</Name>\
             <Value>{{&quot;odps.sql.allow.schema.evolution&quot;:&quot;true&quot;,\
             &quot;odps.idata.userenv&quot;:&quot;JavaSDK&quot;}}</Value></Property>\n  </Config>\n  \
             <Query>{};</Query>\n</SQL></Tasks></Job></Instance>",
            query.replace('\'', "&apos;").replace('"', "&quot;")
        );
        let id = self.submit(&document).await;
        let path = format!("/projects/p/instances/{id}");
        let answer = self.send("GET", &format!("{path}?curr_project=p&result"), &[], Body::None).await;
        let text = answer.text();
        let encoded =
            text.split("<![CDATA[").nth(1).and_then(|rest| rest.split("]]>").next()).expect("a result");
        let result = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
        String::from_utf8(result).expect("text")
    }

    /// Submits a job and gives the id, which is what stands behind the last slash of `Location`.
    pub(super) async fn submit(&self, document: &str) -> String {
        let digest = md5_of(document.as_bytes());
        let headers = [("Content-Type", "application/xml"), ("Content-MD5", digest.as_str())];
        let target = "/projects/p/instances?curr_project=p";
        let answer = self.send("POST", target, &headers, Body::Whole(document.as_bytes())).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert!(
            answer.body.is_empty(),
            "a body would be the result of a job that has ended: {}",
            answer.text()
        );
        let location = answer.headers["location"].to_str().expect("text");
        assert!(location.contains(&format!("{}/projects/p/instances/", self.prefix)), "{location}");
        location.rsplit('/').next().expect("an id").to_owned()
    }
}

/// What every response must be for the SDK.
fn checked(answer: Answer) -> Answer {
    assert!(answer.headers.contains_key("x-odps-request-id"), "{:?}", answer.headers);
    let transform = "odps-tunnel-date-transform";
    assert!(!answer.headers.contains_key(transform), "Java would shift each DATETIME: {:?}", answer.headers);
    answer
}

/// Lower-case hexadecimal, unlike the header's standard.
pub(super) fn md5_of(body: &[u8]) -> String {
    use md5::Digest as _;
    md5::Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The signature of version 1, of a target without the endpoint's path.
fn sign(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| *value).to_owned()
    };
    let mut lines = vec![method.to_owned(), header("content-md5"), header("content-type"), header("date")];
    let mut own: Vec<String> = headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value))
        .filter(|(name, _)| name.starts_with("x-odps-"))
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    own.sort();
    lines.extend(own);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut parameters: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    parameters.sort();
    let parameters: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| if value.is_empty() { name } else { format!("{name}={value}") })
        .collect();
    let path = percent_decode_str(path).decode_utf8().expect("UTF-8");
    lines.push(if parameters.is_empty() {
        path.into_owned()
    } else {
        format!("{path}?{}", parameters.join("&"))
    });
    let mut mac = Hmac::<Sha1>::new_from_slice(ACCESS_KEY.as_bytes()).expect("a key");
    mac.update(lines.join("\n").as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    format!("ODPS {ACCESS_ID}:{signature}")
}
