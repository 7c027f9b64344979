use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::StatusCode;

use crate::administration::AdminCall;
use crate::admission;
use crate::arrival::Arrival;
use crate::config::Config;
use crate::disk::{Disk, DiskError};
use crate::fault::{Cut, Faults, Injection, Refusal};
use crate::http::{Plane, Request, Response, Route, ServiceError};
use crate::journal::Journal;
use crate::metrics::Metrics;
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
    pub(crate) faults: Faults,
    pub(crate) metrics: Metrics,
    /// Whether requests are answered on the thread that asks: nobody else waits for it.
    pub(crate) inline: bool,
}

impl Service {
    /// A service without a past, or with that of the data directory.
    pub(crate) fn new(mut config: Config, address: SocketAddr) -> Result<Self, DiskError> {
        let (project, schema_model) = (config.project.clone(), config.schema_model);
        let (catalog, sessions) = match &config.data_dir {
            None => (Catalog::new(project, schema_model), Sessions::new(None)),
            Some(directory) => {
                let disk = Arc::new(Disk::open(directory, &project, schema_model)?);
                let catalog = Catalog::restore(project, schema_model, Arc::clone(&disk))?;
                let sessions = Sessions::restore(&disk, &catalog)?;
                (catalog, sessions)
            }
        };
        let journal = Journal::new(config.journal_capacity);
        let instances = InstanceStore::default();
        let faults = Faults::new(std::mem::take(&mut config.faults));
        Ok(Self {
            config,
            address,
            started: SystemTime::now(),
            catalog,
            instances,
            sessions,
            journal,
            faults,
            metrics: Metrics::default(),
            inline: false,
        })
    }

    /// Looks at the head of a request, before its body is read.
    pub(crate) fn arrive(&self, request: &Request) -> Arrival {
        let route = route(request);
        let operation = route.as_ref().ok().map(|route| route.operation);
        let own = operation.is_some_and(|operation| operation.plane() == Plane::Emulator);
        let injection = if own { Injection::default() } else { self.faults.next(operation, request) };
        Arrival::new(request, route, self.journal.arrived(operation), injection)
    }

    /// The one way of each request through the emulator: check, answer, journal. Gives nothing where a fault wants no
    /// answer to be sent.
    pub(crate) async fn pass(self: Arc<Self>, arrival: Arrival, request: Request) -> Option<Response> {
        let body_bytes = request.body.len() as u64;
        wait(arrival.injection.delay).await;
        let arrival = Arc::new(arrival);
        let answer = match (&arrival.injection.refusal, arrival.injection.processed) {
            (Some(refusal), false) => Ok(refuse(refusal, &arrival)),
            (Some(refusal), true) => {
                // The client is told of a failure that did not happen.
                self.process(&arrival, request).await.ok();
                Ok(refuse(refusal, &arrival))
            }
            (None, _) => self.process(&arrival, request).await,
        };
        let response = answer.unwrap_or_else(|error| error.response(arrival.plane(), &arrival.request_id));
        let response = response.with_header("x-odps-request-id", &arrival.request_id);
        wait(arrival.injection.delay_answer).await;
        let answered = arrival.injection.cut != Some(Cut::BeforeAnswer);
        let status = if answered { response.status.as_u16() } else { 0 };
        if let Some(arrival) = Arc::into_inner(arrival) {
            arrival.record(&self, status, body_bytes);
        }
        answered.then_some(response)
    }

    async fn process(
        self: &Arc<Self>,
        arrival: &Arc<Arrival>,
        request: Request,
    ) -> Result<Response, ServiceError> {
        let (service, arrival) = (Arc::clone(self), Arc::clone(arrival));
        let inline = self.inline;
        let answer = move || match &arrival.route {
            Ok(route) => service.answer(route, &request, &arrival.injection),
            Err((_, error)) => Err(error.clone()),
        };
        if inline {
            return answer();
        }
        // Decoding and applying records takes CPU time and locks, which must not hold up the runtime.
        tokio::task::spawn_blocking(answer).await.unwrap_or_else(|error| {
            let message = format!("the emulator failed on this request: {error}");
            Err(ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message))
        })
    }

    fn answer(
        &self,
        route: &Route,
        request: &Request,
        injection: &Injection,
    ) -> Result<Response, ServiceError> {
        let plane = route.operation.plane();
        if plane == Plane::Emulator {
            return AdminCall { service: self, route, request }.answer();
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
            Plane::Tunnel => {
                TunnelCall { service: self, route, request, parameters: &parameters, injection }.answer()
            }
            _ => RestCall { service: self, route, request, parameters: &parameters, injection }.answer(),
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

/// A delay that a fault asked for. Even the shortest sleep lasts a tick of the timer, so that none is no sleep.
async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// A refusal that a fault asked for, in the form of the plane.
fn refuse(refusal: &Refusal, arrival: &Arrival) -> Response {
    let error = ServiceError::new(refusal.status, refusal.code.clone(), refusal.message.clone());
    let mut response = error.response(arrival.plane(), &arrival.request_id);
    response.headers.extend(refusal.headers.iter().cloned());
    response
}

fn route(request: &Request) -> Result<Route, (Plane, ServiceError)> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    Route::find(&request.method, &segments, &request.parameters())
}
