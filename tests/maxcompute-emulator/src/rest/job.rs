//! The document that a job is submitted as.

use std::collections::HashMap;

use serde::Deserialize;

use crate::http::ServiceError;

#[derive(Deserialize)]
struct InstanceDocument {
    #[serde(rename = "Job")]
    job: Job,
}

#[derive(Deserialize)]
struct Job {
    #[serde(rename = "Tasks")]
    tasks: Tasks,
}

#[derive(Deserialize)]
struct Tasks {
    #[serde(rename = "SQL")]
    sql: Option<SqlTask>,
}

/// An `<SQL>` task.
#[derive(Deserialize)]
pub(super) struct SqlTask {
    #[serde(rename = "Name")]
    pub(super) name: String,
    #[serde(rename = "Config", default)]
    config: TaskConfig,
    #[serde(rename = "Query")]
    pub(super) query: String,
}

#[derive(Default, Deserialize)]
struct TaskConfig {
    #[serde(rename = "Property", default)]
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Value", default)]
    value: String,
}

impl SqlTask {
    /// Reads the task of an `<Instance>` document, or of a `<Job>` element of one.
    pub(super) fn read(document: &str) -> Result<Self, ServiceError> {
        let refuse = |reason: String| {
            ServiceError::invalid_argument(format!(
                "the body is no <Instance> document with an <SQL> task: {reason}"
            ))
        };
        let tasks = if document.starts_with("<Job>") {
            quick_xml::de::from_str::<Job>(document).map_err(|error| refuse(error.to_string()))?.tasks
        } else {
            let instance: InstanceDocument =
                quick_xml::de::from_str(document).map_err(|error| refuse(error.to_string()))?;
            instance.job.tasks
        };
        tasks.sql.ok_or_else(|| refuse("only <SQL> tasks are executed".to_owned()))
    }

    /// The hints: a JSON object of strings in the property `settings`.
    pub(super) fn settings(&self) -> Result<HashMap<String, String>, ServiceError> {
        let Some(property) = self.config.properties.iter().find(|property| property.name == "settings")
        else {
            return Ok(HashMap::new());
        };
        serde_json::from_str(&property.value).map_err(|error| {
            ServiceError::invalid_argument(format!(
                "the settings of the task are no JSON object of strings: {error}"
            ))
        })
    }
}

/// The `<Job>` element of a submitted document, as written.
pub(super) fn job_element(body: &str) -> String {
    let end_tag = "</Job>";
    let (start, end) = (body.find("<Job>"), body.rfind(end_tag));
    start
        .zip(end)
        .and_then(|(start, end)| body.get(start..end + end_tag.len()))
        .unwrap_or("<Job/>")
        .to_owned()
}
