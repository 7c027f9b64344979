use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::SystemTime;

use base64::Engine as _;
use hyper::StatusCode;
use quick_xml::escape::escape;
use serde::Deserialize;

use super::RestCall;
use super::instance_store::{Instance, Outcome, instance_id};
use super::project::OWNER;
use super::result_text::csv;
use super::xml::{element, time};
use crate::http::{Response, ServiceError};
use crate::sql::{SqlContext, execute};

/// Rows that a result read as text has at most, as documented.
const TEXT_RESULT_ROWS: usize = 10_000;

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

#[derive(Deserialize)]
struct SqlTask {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Config", default)]
    config: TaskConfig,
    #[serde(rename = "Query")]
    query: String,
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
    /// The hints: a JSON object of strings in the property `settings`.
    fn settings(&self) -> Result<HashMap<String, String>, ServiceError> {
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

impl RestCall<'_> {
    /// Runs the statements and answers with the instance's address; the client then asks for its status.
    pub(super) fn create_instance(&self) -> Result<Response, ServiceError> {
        let refuse = |reason: String| {
            ServiceError::invalid_argument(format!(
                "the body is no <Instance> document with an <SQL> task: {reason}"
            ))
        };
        let body = std::str::from_utf8(&self.request.body).map_err(|error| refuse(error.to_string()))?;
        let document: InstanceDocument =
            quick_xml::de::from_str(body).map_err(|error| refuse(error.to_string()))?;
        let task =
            document.job.tasks.sql.ok_or_else(|| refuse("only <SQL> tasks are executed".to_owned()))?;
        let settings = task.settings()?;
        let flag = |name: &str| settings.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let context = SqlContext {
            catalog: &self.service.catalog,
            default_schema: settings
                .get("odps.default.schema")
                .map(String::as_str)
                .filter(|name| !name.is_empty()),
            namespace_schema: flag("odps.namespace.schema"),
            next_table_id: &|| uuid::Uuid::new_v4().simple().to_string(),
        };
        let started = SystemTime::now();
        let outcome = match &self.injection.failure {
            Some(message) => Outcome::Failed(message.clone()),
            None => match execute(&context, &task.query) {
                Ok(None) => Outcome::Done,
                Ok(Some(rows)) => Outcome::Rows(Arc::new(rows)),
                Err(error) => Outcome::Failed(error.to_string()),
            },
        };
        let instance = self.service.instances.insert(Instance {
            id: instance_id(started),
            task: task.name,
            job: job_element(body),
            started,
            ended: SystemTime::now(),
            outcome,
            looks: AtomicU32::new(self.injection.unfinished),
        });
        let api = if self.request.target.starts_with("/api/") { "/api" } else { "" };
        let location = format!(
            "http://{}{api}/projects/{}/instances/{}",
            self.service.worker_address(),
            self.route.project,
            instance.id
        );
        Ok(Response::empty(StatusCode::CREATED).with_header("location", &location))
    }

    fn instance(&self) -> Result<Arc<Instance>, ServiceError> {
        self.service.instances.get(&self.route.object).ok_or_else(|| {
            let message = format!("instance {} does not exist", self.route.object);
            ServiceError::not_found("NoSuchObject", message)
        })
    }

    /// The document with the headers that both SDKs need.
    fn instance_response(instance: &Instance, document: String) -> Response {
        let response = Response::xml(StatusCode::OK, document)
            .with_header("x-odps-owner", OWNER)
            .with_date("x-odps-start-time", instance.started);
        if instance.is_running() {
            // Java reads the header of a running instance too.
            response.with_header("x-odps-end-time", "")
        } else {
            response.with_date("x-odps-end-time", instance.ended)
        }
    }

    pub(super) fn get_instance(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        let response = |status: &str| {
            Self::instance_response(&instance, format!("<Instance>{}</Instance>", element("Status", status)))
        };
        Ok(if instance.is_running() {
            let running = response("Running");
            instance.look();
            running
        } else {
            response("Terminated")
        })
    }

    pub(super) fn get_instance_tasks(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        let running = instance.is_running();
        let document = format!(
            "<Instance>{}<Tasks><Task Type=\"SQL\">{}{}{}{}<Histories/></Task></Tasks></Instance>",
            element("Status", if running { "Running" } else { "Terminated" }),
            element("Name", &instance.task),
            time("StartTime", instance.started),
            if running { "<EndTime/>".to_owned() } else { time("EndTime", instance.ended) },
            element("Status", if running { "Running" } else { instance.outcome.status() }),
        );
        Ok(Self::instance_response(&instance, document))
    }

    pub(super) fn get_instance_result(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        let (format, text) = match &instance.outcome {
            Outcome::Done => ("text", String::new()),
            Outcome::Failed(message) => ("text", message.clone()),
            Outcome::Rows(result) => ("csv", csv(result, TEXT_RESULT_ROWS)?),
            Outcome::Forgotten => return Err(forgotten(&instance)),
        };
        let document = format!(
            "<Instance><Tasks><Task Type=\"SQL\">{}<Result Format=\"{format}\" Transform=\"Base64\"><![CDATA[{}]]></Result>\
             {}</Task></Tasks></Instance>",
            element("Name", &instance.task),
            base64::engine::general_purpose::STANDARD.encode(text),
            element("Status", instance.outcome.status()),
        );
        Ok(Self::instance_response(&instance, document))
    }

    pub(super) fn get_instance_source(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        Ok(Self::instance_response(&instance, instance.job.clone()))
    }

    /// Progress, summary and task information: a terminated instance has none worth telling.
    pub(super) fn get_instance_detail(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        if self.parameters.has("instanceprogress") {
            let document = format!("<Progress taskName=\"{}\"/>", escape(instance.task.as_str()));
            return Ok(Self::instance_response(&instance, document));
        }
        let status = instance.outcome.status();
        Ok(Response::json(StatusCode::OK, &serde_json::json!({"Instance": {"Status": status}})))
    }

    pub(super) fn stop_instance(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        let message = format!("instance {} has terminated already", instance.id);
        Err(ServiceError::new(StatusCode::CONFLICT, "InvalidStateSetting", message))
    }
}

/// The error for a result that is no longer there.
pub(crate) fn forgotten(instance: &Instance) -> ServiceError {
    let message =
        format!("the result of instance {} has been dropped for newer ones; run it again", instance.id);
    ServiceError::not_found("NoSuchObject", message)
}

impl Outcome {
    fn status(&self) -> &'static str {
        match self {
            Self::Failed(_) => "Failed",
            Self::Done | Self::Rows(_) | Self::Forgotten => "Success",
        }
    }
}

/// The `<Job>` element of a submitted document, as written.
fn job_element(body: &str) -> String {
    let end_tag = "</Job>";
    let (start, end) = (body.find("<Job>"), body.rfind(end_tag));
    start
        .zip(end)
        .and_then(|(start, end)| body.get(start..end + end_tag.len()))
        .unwrap_or("<Job/>")
        .to_owned()
}
