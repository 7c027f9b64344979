use hyper::StatusCode;

use super::RestCall;
use super::xml::element;
use crate::http::{Response, ServiceError};

/// Owner of everything in the emulator.
pub(super) const OWNER: &str = "ALIYUN$emulator@example.com";

impl RestCall<'_> {
    /// PyODPS learns here whether the project has schemas.
    pub(super) fn tenant(&self) -> Response {
        let schemas = self.service.catalog.schema_model().to_string();
        let tenant = serde_json::json!({"Tenant": {
            "Name": "emulator",
            "TenantId": "1",
            "TenantState": "NORMAL",
            "Parameters": {"odps.namespace.schema": schemas},
        }});
        Response::json(StatusCode::OK, &tenant)
    }

    pub(super) fn project(&self) -> Response {
        let service = self.service;
        let property = |name: &str, value: &str| {
            format!("<Property>{}{}</Property>", element("Name", name), element("Value", value))
        };
        let schemas = service.catalog.schema_model().to_string();
        let properties = [
            property("odps.schema.model.enabled", &schemas),
            property("odps.sql.type.system.odps2", "true"),
            property("odps.schema.evolution.enable", "true"),
        ]
        .concat();
        let extended = if self.parameters.has("extended") { "<ExtendedProperties/>" } else { "" };
        let document = format!(
            "<Project>{}<Type>managed</Type><Comment/><ProjectGroupName/><Properties>{properties}</Properties>{extended}\
             <State>AVAILABLE</State><Region>emulator</Region><TenantId>1</TenantId></Project>",
            element("Name", service.catalog.project())
        );
        Response::xml(StatusCode::OK, document)
            .with_header("x-odps-owner", OWNER)
            .with_date("x-odps-creation-time", service.started)
            .with_date("last-modified", service.started)
    }

    /// Tunnel requests go to this same server. No path: the Java SDK would lose it on upsert writes.
    pub(super) fn tunnel_endpoint(&self) -> Result<Response, ServiceError> {
        if self.parameters.has("service") {
            Ok(Response::text(self.service.worker_address()))
        } else {
            Err(ServiceError::invalid_argument("GET …/tunnel needs the parameter `service`"))
        }
    }

    /// A bearer token for log views. There is no log view, and the token opens nothing.
    pub(super) fn authorization(&self) -> Response {
        Response::xml(StatusCode::OK, "<Authorization><Result>emulator</Result></Authorization>")
    }
}
