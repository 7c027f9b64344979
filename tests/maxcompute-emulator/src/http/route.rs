use hyper::{Method, StatusCode};

use super::{Operation, Parameters, Plane, ServiceError};

/// What a request asks for, and of which object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) project: String,
    /// Schema in the path; metadata requests have it in `curr_schema` instead.
    pub(crate) schema: Option<String>,
    /// Table, instance or schema that is asked for, else empty.
    pub(crate) object: String,
}

impl Route {
    /// Finds the route of a request.
    ///
    /// # Errors
    /// 404 for a path that the service does not have, 405 for a method that the path does not take.
    pub(crate) fn find(
        method: &Method,
        segments: &[&str],
        parameters: &Parameters,
    ) -> Result<Self, (Plane, ServiceError)> {
        let of = |operation: Option<Operation>, project: &str, schema: Option<&str>, object: &str| {
            let operation = operation.ok_or_else(|| not_allowed(method, segments, parameters))?;
            let (project, object) = (project.to_owned(), object.to_owned());
            Ok(Self { operation, project, schema: schema.map(str::to_owned), object })
        };
        let get = |operation| (*method == Method::GET).then_some(operation);
        match segments {
            [] | ["emulator"] => of(get(Operation::ShowProject), "", None, ""),
            ["metrics"] => of(get(Operation::ReadMetrics), "", None, ""),
            ["emulator", "tables", schema, table] => of(get(Operation::ShowTable), "", Some(schema), table),
            ["emulator", "journal"] => of(get(Operation::ReadJournal), "", None, ""),
            ["emulator", "faults"] => {
                let operation = match *method {
                    Method::GET => Some(Operation::ListFaults),
                    Method::POST => Some(Operation::AddFaults),
                    Method::DELETE => Some(Operation::RemoveFaults),
                    _ => None,
                };
                of(operation, "", None, "")
            }
            ["emulator", "faults", id] => {
                of((*method == Method::DELETE).then_some(Operation::RemoveFaults), "", None, id)
            }
            ["emulator", "clock"] => {
                of((*method == Method::POST).then_some(Operation::AdvanceClock), "", None, "")
            }
            ["tenants"] => of(get(Operation::GetTenant), "", None, ""),
            ["logview", "host"] => of(get(Operation::GetLogviewHost), "", None, ""),
            ["projects", project] => of(get(Operation::GetProject), project, None, ""),
            ["projects", project, "tunnel"] => of(get(Operation::GetTunnelEndpoint), project, None, ""),
            ["projects", project, "authorization"] => {
                of((*method == Method::POST).then_some(Operation::CreateAuthorization), project, None, "")
            }
            ["projects", project, "logs"] => {
                of((*method == Method::PUT).then_some(Operation::PutLogs), project, None, "")
            }
            ["projects", project, "schemas"] => {
                let operation = match *method {
                    Method::POST => Some(Operation::CreateSchema),
                    Method::GET => Some(Operation::ListSchemas),
                    _ => None,
                };
                of(operation, project, None, "")
            }
            ["projects", project, "schemas", schema] => {
                let operation = match *method {
                    Method::GET => Some(Operation::GetSchema),
                    Method::DELETE => Some(Operation::DropSchema),
                    _ => None,
                };
                of(operation, project, None, schema)
            }
            ["projects", project, "tables"] => of(get(Operation::ListTables), project, None, ""),
            ["projects", project, "tables", table] => of(on_table(method, parameters), project, None, table),
            ["projects", project, "schemas", schema, "tables", table] => {
                of(on_table(method, parameters), project, Some(schema), table)
            }
            ["projects", project, "tables", table, "upserts"] => {
                of(on_upserts(method, parameters), project, None, table)
            }
            ["projects", project, "schemas", schema, "tables", table, "upserts"] => {
                of(on_upserts(method, parameters), project, Some(schema), table)
            }
            ["projects", project, "tables", table, "streams"] => {
                of(on_streams(method, parameters), project, None, table)
            }
            ["projects", project, "schemas", schema, "tables", table, "streams"] => {
                of(on_streams(method, parameters), project, Some(schema), table)
            }
            ["projects", project, "instances"] => {
                let operation = match *method {
                    Method::POST => Some(Operation::CreateInstance),
                    Method::GET => Some(Operation::ListInstances),
                    _ => None,
                };
                of(operation, project, None, "")
            }
            ["projects", project, "instances", instance] => {
                of(on_instance(method, parameters), project, None, instance)
            }
            _ => {
                let message = format!(
                    "/{} is no resource of this emulator; its README lists what it serves",
                    segments.join("/")
                );
                Err((Plane::Rest, ServiceError::not_found("NoSuchPath", message)))
            }
        }
    }
}

fn not_allowed(method: &Method, segments: &[&str], parameters: &Parameters) -> (Plane, ServiceError) {
    let tunnel = matches!(segments.last(), Some(&"upserts" | &"streams"))
        || ["uploadid", "uploads", "downloadid", "downloads"].iter().any(|name| parameters.has(name));
    let message = format!(
        "{method} /{} with these parameters is no request of this emulator; its README lists what it serves",
        segments.join("/")
    );
    let error = ServiceError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
    (if tunnel { Plane::Tunnel } else { Plane::Rest }, error)
}

fn on_table(method: &Method, parameters: &Parameters) -> Option<Operation> {
    let has = |name| parameters.has(name);
    match *method {
        Method::POST if has("uploads") => Some(Operation::CreateUpload),
        Method::POST if has("uploadid") => Some(Operation::CommitUpload),
        Method::POST if has("downloads") => Some(Operation::CreateDownload),
        Method::PUT if has("uploadid") && has("blockid") => Some(Operation::WriteUploadBlock),
        Method::GET if has("uploadid") => Some(Operation::GetUpload),
        Method::GET if has("downloadid") && has("data") => Some(Operation::ReadDownload),
        Method::GET if has("downloadid") => Some(Operation::GetDownload),
        Method::GET if has("partitions") => Some(Operation::ListPartitions),
        Method::GET if has("partition") => Some(Operation::GetPartition),
        Method::GET => Some(Operation::GetTable),
        _ => None,
    }
}

fn on_upserts(method: &Method, parameters: &Parameters) -> Option<Operation> {
    let session = parameters.has("upsertid");
    match *method {
        Method::POST if session => Some(Operation::CommitUpsert),
        Method::POST => Some(Operation::CreateUpsert),
        Method::GET if session => Some(Operation::GetUpsert),
        Method::PUT if session => Some(Operation::WriteUpsert),
        Method::DELETE if session => Some(Operation::AbortUpsert),
        _ => None,
    }
}

fn on_streams(method: &Method, parameters: &Parameters) -> Option<Operation> {
    let session = parameters.has("uploadid");
    match *method {
        Method::POST if session => Some(Operation::AbortStream),
        Method::POST => Some(Operation::CreateStream),
        Method::GET if session => Some(Operation::GetStream),
        Method::PUT if session => Some(Operation::WriteStream),
        _ => None,
    }
}

fn on_instance(method: &Method, parameters: &Parameters) -> Option<Operation> {
    let has = |name| parameters.has(name);
    match *method {
        Method::POST if has("downloads") => Some(Operation::CreateInstanceDownload),
        Method::GET if has("downloadid") && has("data") => Some(Operation::ReadInstanceDownload),
        Method::GET if has("downloadid") => Some(Operation::GetInstanceDownload),
        Method::GET if has("taskstatus") => Some(Operation::GetInstanceTasks),
        Method::GET if has("result") => Some(Operation::GetInstanceResult),
        Method::GET if has("source") => Some(Operation::GetInstanceSource),
        Method::GET if ["instanceprogress", "instancesummary", "info"].into_iter().any(has) => {
            Some(Operation::GetInstanceDetail)
        }
        Method::GET => Some(Operation::GetInstance),
        Method::PUT => Some(Operation::StopInstance),
        _ => None,
    }
}
