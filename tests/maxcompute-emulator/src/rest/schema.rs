use hyper::StatusCode;
use serde::Deserialize;

use super::RestCall;
use super::project::OWNER;
use super::xml::element;
use crate::http::{Response, ServiceError};
use crate::sql::check_name;

/// The body of a schema's creation.
#[derive(Deserialize)]
struct SchemaDocument {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "IfNotExists", default)]
    if_not_exists: Option<String>,
}

impl RestCall<'_> {
    pub(super) fn create_schema(&self) -> Result<Response, ServiceError> {
        let refuse = |error: &dyn std::fmt::Display| {
            ServiceError::invalid_argument(format!("the body is no <Schema> document with a <Name>: {error}"))
        };
        let body = std::str::from_utf8(&self.request.body).map_err(|error| refuse(&error))?;
        let document: SchemaDocument = quick_xml::de::from_str(body).map_err(|error| refuse(&error))?;
        let name = document.name.trim();
        check_name("schema", name).map_err(ServiceError::invalid_argument)?;
        let if_not_exists =
            document.if_not_exists.is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
        self.service.catalog.create_schema(name, if_not_exists)?;
        Ok(Response::empty(StatusCode::CREATED)
            .with_header("location", &self.location(&format!("schemas/{name}"))))
    }

    pub(super) fn list_schemas(&self) -> Result<Response, ServiceError> {
        self.named("Schemas", "Schema", self.service.catalog.schema_names())
    }

    pub(super) fn get_schema(&self) -> Result<Response, ServiceError> {
        let name = self.route.object.to_lowercase();
        let service = self.service;
        if !service.catalog.has_schema(&name) {
            let message = format!("Schema not found - schema {name} cannot be resolved");
            return Err(ServiceError::not_found("NoSuchObject", message));
        }
        let document = format!(
            "<Schema>{}{}{}</Schema>",
            element("Name", &name),
            element("Project", service.catalog.project()),
            element("Owner", OWNER)
        );
        Ok(Response::xml(StatusCode::OK, document)
            .with_header("x-odps-owner", OWNER)
            .with_date("x-odps-creation-time", service.started)
            .with_date("last-modified", service.started))
    }

    pub(super) fn drop_schema(&self) -> Result<Response, ServiceError> {
        self.service.catalog.drop_schema(&self.route.object)?;
        Ok(Response::empty(StatusCode::NO_CONTENT))
    }
}
