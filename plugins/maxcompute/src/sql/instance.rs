//! A SQL job: submitted as an *instance*, polled until it ends, its result read when it failed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cdc_plugin::host::http::Method;
use cdc_plugin::types::{Blame, Error};
use serde_json::json;

use crate::Host;
use crate::request::{Call, Client, Fault, FaultKind, shorten};
use crate::sql::xml_text;

/// First and longest wait between two looks at a running job.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A job that runs longer is left to itself.
const LIMIT: Duration = Duration::from_secs(600);

/// A statement to run.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// What it is for, as a gerund.
    pub what: &'a str,
    /// Task name, as the official SDKs choose it: `SQLCreateTableTask`, `AnonymousSQLTask`, …
    pub task: &'a str,
    /// Text that ends with a semicolon.
    pub sql: &'a str,
    /// Whether names have a schema part.
    pub schema_model: bool,
    /// Whether running it twice does no harm.
    pub repeatable: bool,
}

/// Where a job is.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Running,
    Succeeded,
    /// With what the service says of it, if the answer had it.
    Failed(Option<String>),
}

/// Run a statement to its end.
///
/// # Errors
/// It is not taken, fails, or does not end in ten minutes.
pub async fn run(client: &Client<impl Host>, statement: &Statement<'_>) -> Result<(), Error> {
    let malformed = |error: String| Error::from(Fault::malformed(statement.what, error));
    let project = &client.settings.project;
    let instances = vec!["projects".to_owned(), project.clone(), "instances".to_owned()];
    let mut call = Call::new(Method::Post, statement.what, instances.clone()).xml(job(statement));
    call.repeatable = statement.repeatable;
    let answer = client.send(&call).await?;

    // A body that is there is the result: the service ran the job before it answered.
    if !answer.text().trim().is_empty() {
        match read_tasks(&answer.text()).map_err(malformed)? {
            Progress::Succeeded => return Ok(()),
            Progress::Failed(reason) => return Err(failed(statement, &reason.unwrap_or_default())),
            Progress::Running => {}
        }
    }
    let id = answer
        .header("location")
        .and_then(|location| location.trim_end_matches('/').rsplit('/').next())
        .filter(|id| !id.is_empty())
        .ok_or_else(|| malformed("no Location of the instance".to_owned()))?;
    let instance = || {
        let mut path = instances.clone();
        path.push(id.to_owned());
        Call::new(Method::Get, statement.what, path)
    };

    let started = client.host.monotonic();
    let (mut wait, longest) = WAITS;
    loop {
        let answer = client.send(&instance()).await?;
        if read_terminated(&answer.text()).map_err(malformed)? {
            break;
        }
        if Duration::from_nanos(client.host.monotonic().saturating_sub(started)) >= LIMIT {
            let text = format!("instance {id} still runs after {} s", LIMIT.as_secs());
            return Err(Fault::new(statement.what, FaultKind::Unfinished(text)).into());
        }
        client.host.sleep(wait).await;
        wait = (wait * 2).min(longest);
    }

    let answer = client.send(&instance().action("taskstatus")).await?;
    match read_tasks(&answer.text()).map_err(malformed)? {
        Progress::Succeeded => Ok(()),
        Progress::Running => Err(malformed("the instance has ended and its task has not".to_owned())),
        Progress::Failed(_) => {
            let answer = client.send(&instance().action("result")).await?;
            let reason = match read_tasks(&answer.text()).map_err(malformed)? {
                Progress::Failed(Some(reason)) => reason,
                _ => String::new(),
            };
            Err(failed(statement, &format!("{reason} (instance {id})")))
        }
    }
}

/// The description of a job.
fn job(statement: &Statement<'_>) -> String {
    let mut settings = json!({
        "odps.sql.type.system.odps2": "true",
        "odps.sql.decimal.odps2": "true",
        "odps.sql.allow.schema.evolution": "true",
    });
    if statement.schema_model {
        settings["odps.namespace.schema"] = "true".into();
        settings["odps.sql.allow.namespace.schema"] = "true".into();
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Instance><Job><Priority>9</Priority><Tasks><SQL><Name>{}</Name>\
         <Config><Property><Name>type</Name><Value>sql</Value></Property>\
         <Property><Name>settings</Name><Value>{}</Value></Property></Config><Query>{}</Query></SQL></Tasks>\
         <DAG><RunMode>Sequence</RunMode></DAG></Job></Instance>",
        xml_text(statement.task),
        xml_text(&settings.to_string()),
        xml_text(statement.sql),
    )
}

fn read_terminated(xml: &str) -> Result<bool, String> {
    let document = roxmltree::Document::parse(xml.trim()).map_err(|error| error.to_string())?;
    let status = document.root_element().children().find(|node| node.has_tag_name("Status"));
    let status = status.and_then(|node| node.text()).ok_or("no Status of the instance")?;
    Ok(status.trim().eq_ignore_ascii_case("Terminated"))
}

/// The status of the only task, and its result where there is one.
fn read_tasks(xml: &str) -> Result<Progress, String> {
    let document = roxmltree::Document::parse(xml.trim()).map_err(|error| error.to_string())?;
    let task =
        document.descendants().find(|node| node.has_tag_name("Task")).ok_or("no Task in the instance")?;
    let child = |name: &str| task.children().find(|node| node.has_tag_name(name));
    let result = child("Result").and_then(|node| {
        let text = node.text()?.trim();
        let encoded = node.attribute("Transform").is_some_and(|name| name.eq_ignore_ascii_case("base64"));
        match BASE64.decode(text) {
            Ok(bytes) if encoded => Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => Some(text.to_owned()),
        }
    });
    let status = child("Status").and_then(|node| node.text()).ok_or("no Status of the task")?;
    Ok(match status.trim().to_ascii_lowercase().as_str() {
        "success" => Progress::Succeeded,
        "failed" | "cancelled" | "canceled" => Progress::Failed(result),
        _ => Progress::Running,
    })
}

/// The blame follows the `ODPS-…` number at the head of the reason.
fn failed(statement: &Statement<'_>, reason: &str) -> Error {
    let (blame, code, hint) = if reason.contains("ODPS-0130013") || reason.contains("ODPS-0420095") {
        (Blame::Config, "maxcompute.permission", "; grant the account the privilege that is named")
    } else if reason.contains("ODPS-0130071") && statement.sql.starts_with("ALTER TABLE") {
        (
            Blame::Config,
            "maxcompute.sql",
            "; the project may lack `setproject odps.schema.evolution.enable=true`",
        )
    } else if reason.contains("ODPS-0130071") || reason.contains("ODPS-0130161") {
        (Blame::Permanent, "maxcompute.sql", "; MaxCompute did not understand the statement")
    } else {
        (Blame::Config, "maxcompute.sql", "")
    };
    let sql = shorten(statement.sql, 2000);
    Error::new(blame, code, format!("{} failed: {}{hint}", statement.what, reason.trim()))
        .because(format!("the statement was: {sql}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement<'static> {
        Statement {
            what: "creating table t",
            task: "SQLCreateTableTask",
            sql: "CREATE TABLE `a<b` (`c` STRING COMMENT 'x & \"y\"');",
            schema_model: true,
            repeatable: true,
        }
    }

    #[test]
    fn a_job_carries_statement_and_settings_through_xml() {
        let xml = job(&statement());
        let document = roxmltree::Document::parse(&xml).unwrap();
        let text =
            |name: &str| document.descendants().find(|node| node.has_tag_name(name)).unwrap().text().unwrap();
        assert_eq!(text("Query"), statement().sql);
        let settings = document
            .descendants()
            .filter(|node| node.has_tag_name("Value"))
            .filter_map(|node| serde_json::from_str::<serde_json::Value>(node.text()?).ok())
            .find(serde_json::Value::is_object)
            .unwrap();
        assert_eq!(settings["odps.namespace.schema"], "true");
        assert_eq!(settings["odps.sql.allow.schema.evolution"], "true");
        assert!(!job(&Statement { schema_model: false, ..statement() }).contains("namespace"));
    }

    #[test]
    fn results_are_read_plain_and_in_base64() {
        let xml = |status: &str, result: &str| {
            format!(
                "<Instance><Tasks><Task Type=\"SQL\"><Name>n</Name>{result}<Status>{status}</Status></Task></Tasks></Instance>"
            )
        };
        let read = |status, result| read_tasks(&xml(status, result)).unwrap();
        assert_eq!(read("Success", ""), Progress::Succeeded);
        assert_eq!(read("WAITING", ""), Progress::Running);
        assert_eq!(read("Failed", ""), Progress::Failed(None));
        let plain = "<Result Format=\"text\"><![CDATA[ODPS-0130131: no]]></Result>";
        assert_eq!(read("failed", plain), Progress::Failed(Some("ODPS-0130131: no".to_owned())));
        let encoded = "<Result Transform=\"Base64\" Format=\"text\">T0RQUw==</Result>";
        assert_eq!(read("Failed", encoded), Progress::Failed(Some("ODPS".to_owned())));
        let broken = "<Result Transform=\"Base64\">not base64</Result>";
        assert_eq!(read("Failed", broken), Progress::Failed(Some("not base64".to_owned())));
    }

    #[test]
    fn odd_answers_are_errors() {
        for xml in ["", "<Instance/>", "<Instance><Tasks><Task/></Tasks></Instance>", "{\"a\":1}"] {
            assert!(read_tasks(xml).is_err(), "{xml}");
            assert!(read_terminated(xml).is_err(), "{xml}");
        }
        assert!(read_terminated("<Instance><Status>terminated</Status></Instance>").unwrap());
        assert!(!read_terminated("<Instance><Status>Suspended</Status></Instance>").unwrap());
    }
}
