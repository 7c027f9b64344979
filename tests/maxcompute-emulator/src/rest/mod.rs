//! Metadata and SQL: the XML side of the service.

mod instance;
mod instance_store;
mod job;
mod page;
mod project;
mod result_text;
mod schema;
mod table;
mod xml;

use hyper::StatusCode;

use crate::fault::Injection;
use crate::http::{Operation, Parameters, Request, Response, Route, ServiceError};
use crate::service::Service;

pub(crate) use instance::forgotten;
pub(crate) use instance_store::{InstanceStore, Outcome};

/// One metadata request on its way to an answer.
pub(crate) struct RestCall<'a> {
    pub(crate) service: &'a Service,
    pub(crate) route: &'a Route,
    pub(crate) request: &'a Request,
    pub(crate) parameters: &'a Parameters,
    pub(crate) injection: &'a Injection,
}

impl RestCall<'_> {
    pub(crate) fn answer(&self) -> Result<Response, ServiceError> {
        match self.route.operation {
            Operation::GetTenant => Ok(self.tenant()),
            Operation::GetLogviewHost => {
                Ok(Response::text(format!("http://{}", self.service.worker_address())))
            }
            Operation::GetProject => Ok(self.project()),
            Operation::GetTunnelEndpoint => self.tunnel_endpoint(),
            Operation::CreateAuthorization => Ok(self.authorization()),
            // Clients report their usage here; nobody reads it.
            Operation::PutLogs => Ok(Response::empty(StatusCode::OK)),
            Operation::CreateSchema => self.create_schema(),
            Operation::ListSchemas => self.list_schemas(),
            Operation::GetSchema => self.get_schema(),
            Operation::DropSchema => self.drop_schema(),
            Operation::ListTables => self.list_tables(),
            Operation::GetTable => self.get_table(),
            Operation::GetPartition => self.get_partition(),
            Operation::ListPartitions => self.list_partitions(),
            Operation::ListInstances => self.list_instances(),
            Operation::CreateInstance => self.create_instance(),
            Operation::GetInstance => self.get_instance(),
            Operation::GetInstanceTasks => self.get_instance_tasks(),
            Operation::GetInstanceResult => self.get_instance_result(),
            Operation::GetInstanceSource => self.get_instance_source(),
            Operation::GetInstanceDetail => self.get_instance_detail(),
            Operation::StopInstance => self.stop_instance(),
            other => {
                let message = format!("{other:?} is no metadata request");
                Err(ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message))
            }
        }
    }

    /// The address of something in the project, with `/api` as the client writes it.
    fn location(&self, object: &str) -> String {
        let api = if self.request.target.starts_with("/api/") { "/api" } else { "" };
        format!("http://{}{api}/projects/{}/{object}", self.service.worker_address(), self.route.project)
    }

    /// The schema that a metadata request means.
    fn schema(&self) -> &str {
        self.service.schema_of(self.route, self.parameters.get("curr_schema"))
    }
}
