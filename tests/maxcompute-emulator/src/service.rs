use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use hyper::StatusCode;

use crate::admission;
use crate::config::Config;
use crate::http::{Operation, Plane, Request, Response, Route, ServiceError};
use crate::journal::{Entry, Journal, epoch_ms};
use crate::rest::{InstanceStore, RestCall};
use crate::store::{Catalog, DEFAULT_SCHEMA};
use crate::tunnel::{Sessions, TunnelCall};

/// Everything that requests work on. HTTP stays outside: a request comes in whole and a response goes out whole.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) started: SystemTime,
    pub(crate) catalog: Catalog,
    pub(crate) instances: InstanceStore,
    pub(crate) sessions: Sessions,
    pub(crate) journal: Journal,
}

impl Service {
    pub(crate) fn new(config: Config, address: SocketAddr) -> Self {
        let catalog = Catalog::new(config.project.clone(), config.schema_model);
        let journal = Journal::new(config.journal_capacity);
        let (instances, sessions) = (InstanceStore::default(), Sessions::default());
        Self { config, address, started: SystemTime::now(), catalog, instances, sessions, journal }
    }

    /// The one way of each request through the emulator: route, check, answer, journal.
    pub(crate) async fn pass(self: Arc<Self>, request: Request) -> Response {
        let (arrived, begun) = (SystemTime::now(), Instant::now());
        let (method, target) = (request.method.to_string(), request.target.clone());
        let body_bytes = request.body.len() as u64;
        let request_id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
        let route = route(&request);
        let (operation, plane) = match &route {
            Ok(route) => (Some(route.operation), route.operation.plane()),
            Err((plane, _)) => (None, *plane),
        };
        let occurrence = self.journal.arrived(operation);
        let service = Arc::clone(&self);
        let answer = match route {
            Ok(route) => {
                // Decoding and applying records takes CPU time and locks, which must not hold up the runtime.
                let work = tokio::task::spawn_blocking(move || service.answer(&route, &request));
                work.await.unwrap_or_else(|error| {
                    let message = format!("the emulator failed on this request: {error}");
                    Err(ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message))
                })
            }
            Err((_, error)) => Err(error),
        };
        let response = answer.unwrap_or_else(|error| error.response(plane, &request_id));
        let response = response.with_header("x-odps-request-id", &request_id);
        if operation != Some(Operation::ReadJournal) {
            let elapsed_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            let status = response.status.as_u16();
            let arrived_ms = epoch_ms(arrived);
            self.journal.record(Entry {
                sequence: 0,
                arrived_ms,
                operation,
                occurrence,
                method,
                target,
                status,
                body_bytes,
                elapsed_us,
            });
        }
        response
    }

    fn answer(&self, route: &Route, request: &Request) -> Result<Response, ServiceError> {
        let plane = route.operation.plane();
        if plane == Plane::Emulator {
            let entries = serde_json::to_value(self.journal.entries()).unwrap_or_default();
            return Ok(Response::json(StatusCode::OK, &entries));
        }
        admission::authenticate(&self.config, plane, request)?;
        if !route.project.is_empty() && !route.project.eq_ignore_ascii_case(&self.config.project) {
            let message = format!(
                "ODPS-0420111: Project not found - '{}'; this emulator has the project {}",
                route.project, self.config.project
            );
            return Err(ServiceError::not_found("NoSuchProject", message));
        }
        let parameters = request.parameters();
        admission::check_quota(&self.config, route.operation, &parameters)?;
        match plane {
            Plane::Tunnel => TunnelCall { service: self, route, request, parameters: &parameters }.answer(),
            _ => RestCall { service: self, route, request, parameters: &parameters }.answer(),
        }
    }

    /// `host:port` under which clients reach the tunnel, which is this same server.
    pub(crate) fn worker_address(&self) -> String {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let host = if self.address.ip() == any { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { self.address.ip() };
        SocketAddr::new(host, self.address.port()).to_string()
    }

    /// The schema that a request means: the path's, else `curr_schema`, else the default one.
    pub(crate) fn schema_of<'a>(&self, route: &'a Route, parameter: Option<&'a str>) -> &'a str {
        route.schema.as_deref().or(parameter).unwrap_or(DEFAULT_SCHEMA)
    }
}

fn route(request: &Request) -> Result<Route, (Plane, ServiceError)> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    Route::find(&request.method, &segments, &request.parameters())
}
