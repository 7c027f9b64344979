use std::sync::Arc;

use base64::Engine as _;
use hyper::StatusCode;
use quick_xml::escape::escape;

use super::RestCall;
use super::instance_store::{Instance, Outcome};
use super::job::{SqlTask, job_element};
use super::project::OWNER;
use super::result_text::csv;
use super::xml::{element, time};
use crate::http::{Response, ServiceError};
use crate::sql::{QueryLimits, SqlContext, execute};

/// Rows that a result read as text has at most, as documented.
const TEXT_RESULT_ROWS: usize = 10_000;

impl RestCall<'_> {
    /// Runs the statements and answers with the instance's address; the client then asks for its status.
    pub(super) fn create_instance(&self) -> Result<Response, ServiceError> {
        let body = std::str::from_utf8(&self.request.body)
            .map_err(|error| ServiceError::invalid_argument(format!("the body is no text: {error}")))?;
        let task = SqlTask::read(body)?;
        task.settings()?;
        let instances = &self.service.instances;
        let instance =
            instances.insert(Instance::new(task.name, job_element(body), self.injection.unfinished));
        match &self.injection.failure {
            Some(message) => instance.fail(message.clone()),
            None if self.injection.unfinished == 0 => self.look(&instance),
            None => {}
        }
        let location = self.location(&format!("instances/{}", instance.id));
        Ok(Response::empty(StatusCode::CREATED).with_header("location", &location))
    }

    /// Looks at an instance; its statements are executed when its time has come.
    fn look(&self, instance: &Arc<Instance>) {
        let ended = instance.look(|| self.execute(instance));
        if ended && matches!(instance.end(), Some((_, Outcome::Rows(_)))) {
            self.service.instances.keep_rows(instance);
        }
    }

    fn execute(&self, instance: &Instance) -> Outcome {
        let failed = |error: &dyn std::fmt::Display| Outcome::Failed(error.to_string());
        let task = match SqlTask::read(&instance.job) {
            Ok(task) => task,
            Err(error) => return failed(&error.message),
        };
        let settings = match task.settings() {
            Ok(settings) => settings,
            Err(error) => return failed(&error.message),
        };
        let flag = |name: &str| settings.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let context = SqlContext {
            catalog: &self.service.catalog,
            default_schema: settings
                .get("odps.default.schema")
                .map(String::as_str)
                .filter(|name| !name.is_empty()),
            namespace_schema: flag("odps.namespace.schema"),
            limits: QueryLimits {
                steps: self.service.config.query_steps,
                bytes: self.service.config.body_limit,
            },
            next_table_id: &|| uuid::Uuid::new_v4().simple().to_string(),
        };
        match execute(&context, &task.query) {
            Ok(None) => Outcome::Done,
            Ok(Some(rows)) => Outcome::Rows(Arc::new(rows)),
            Err(error) => failed(&error),
        }
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
        match instance.end() {
            Some((ended, _)) => response.with_date("x-odps-end-time", ended),
            // Java reads the header of a running instance too.
            None => response.with_header("x-odps-end-time", ""),
        }
    }

    pub(super) fn list_instances(&self) -> Result<Response, ServiceError> {
        let page = self.page(self.service.instances.list(), |instance| instance.id.clone())?;
        let entry = |instance: &Arc<Instance>| {
            let end = instance.end().map_or_else(|| "<EndTime/>".to_owned(), |(at, _)| time("EndTime", at));
            format!(
                "<Instance>{}{}{}{end}{}</Instance>",
                element("Name", &instance.id),
                element("Owner", OWNER),
                time("StartTime", instance.started),
                element("Status", instance.status()),
            )
        };
        let document = format!(
            "<Instances>{}{}{}</Instances>",
            element("Marker", &page.marker),
            element("MaxItems", page.size),
            page.entries.iter().map(entry).collect::<String>()
        );
        Ok(Response::xml(StatusCode::OK, document))
    }

    pub(super) fn get_instance(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        self.look(&instance);
        let status = instance.status();
        let document = format!("<Instance>{}</Instance>", element("Status", status));
        Ok(Self::instance_response(&instance, document))
    }

    pub(super) fn get_instance_tasks(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        let end = instance.end();
        let document = format!(
            "<Instance>{}<Tasks><Task Type=\"SQL\">{}{}{}{}<Histories/></Task></Tasks></Instance>",
            element("Status", instance.status()),
            element("Name", &instance.task),
            time("StartTime", instance.started),
            end.as_ref().map_or_else(|| "<EndTime/>".to_owned(), |(at, _)| time("EndTime", *at)),
            element("Status", task_status(end.as_ref().map(|(_, outcome)| outcome))),
        );
        Ok(Self::instance_response(&instance, document))
    }

    pub(super) fn get_instance_result(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        let outcome = instance.end().map(|(_, outcome)| outcome);
        let (format, text) = match &outcome {
            None | Some(Outcome::Done | Outcome::Cancelled) => ("text", String::new()),
            Some(Outcome::Failed(message)) => ("text", message.clone()),
            Some(Outcome::Rows(result)) => ("csv", csv(result, TEXT_RESULT_ROWS)?),
            Some(Outcome::Forgotten) => return Err(forgotten(&instance)),
        };
        let document = format!(
            "<Instance><Tasks><Task Type=\"SQL\">{}<Result Format=\"{format}\" Transform=\"Base64\"><![CDATA[{}]]></Result>\
             {}</Task></Tasks></Instance>",
            element("Name", &instance.task),
            base64::engine::general_purpose::STANDARD.encode(text),
            element("Status", task_status(outcome.as_ref())),
        );
        Ok(Self::instance_response(&instance, document))
    }

    pub(super) fn get_instance_source(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        Ok(Self::instance_response(&instance, instance.job.clone()))
    }

    /// Progress, summary and task information: there is none worth telling.
    pub(super) fn get_instance_detail(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        if self.parameters.has("instanceprogress") {
            let document = format!("<Progress taskName=\"{}\"/>", escape(instance.task.as_str()));
            return Ok(Self::instance_response(&instance, document));
        }
        let end = instance.end();
        let status = task_status(end.as_ref().map(|(_, outcome)| outcome));
        Ok(Response::json(StatusCode::OK, &serde_json::json!({"Instance": {"Status": status}})))
    }

    pub(super) fn stop_instance(&self) -> Result<Response, ServiceError> {
        let instance = self.instance()?;
        if instance.cancel() {
            return Ok(Response::empty(StatusCode::OK));
        }
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

impl Instance {
    fn status(&self) -> &'static str {
        if self.end().is_some() { "Terminated" } else { "Running" }
    }
}

/// The status of the one task; none is a job that runs.
fn task_status(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        None => "Running",
        Some(Outcome::Failed(_)) => "Failed",
        Some(Outcome::Cancelled) => "Cancelled",
        Some(Outcome::Done | Outcome::Rows(_) | Outcome::Forgotten) => "Success",
    }
}
