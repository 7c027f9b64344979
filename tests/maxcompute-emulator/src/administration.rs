//! The emulator's own requests, under `/emulator`. They need no signature and meet no fault.

use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;

use crate::fault::{Fault, FaultError};
use crate::http::{Operation, Request, Response, Route, ServiceError};
use crate::service::Service;

/// One request for the emulator itself.
pub(crate) struct AdminCall<'a> {
    pub(crate) service: &'a Service,
    pub(crate) route: &'a Route,
    pub(crate) request: &'a Request,
}

impl AdminCall<'_> {
    pub(crate) fn answer(&self) -> Result<Response, ServiceError> {
        match self.route.operation {
            Operation::ReadJournal => json(&self.service.journal.entries()),
            Operation::ListFaults => json(&self.service.faults.list()),
            Operation::AddFaults => self.add_faults(),
            Operation::RemoveFaults => self.remove_faults(),
            Operation::ShowProject => Ok(self.service.overview_page()),
            Operation::ShowTable => {
                let schema = self.service.schema_of(self.route, None);
                self.service.rows_page(schema, &self.route.object)
            }
            Operation::ReadMetrics => {
                let text = self.service.metrics_text().map_err(|error| failed(&error))?;
                Ok(Response::text(text))
            }
            Operation::AdvanceClock => {
                let seconds = self.request.parameters().require_number("advance")?;
                self.service.sessions.clock.advance(Duration::from_secs(seconds));
                Ok(Response::empty(StatusCode::NO_CONTENT))
            }
            other => {
                let message = format!("{other:?} is no request for the emulator itself");
                Err(ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message))
            }
        }
    }

    /// Adds the faults of the body, one a line: all, or none if one is wrong.
    fn add_faults(&self) -> Result<Response, ServiceError> {
        let body = std::str::from_utf8(&self.request.body)
            .map_err(|error| ServiceError::invalid_argument(format!("the body is no text: {error}")))?;
        let lines = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let faults: Result<Vec<Fault>, FaultError> = lines.map(str::parse).collect();
        let faults = faults.map_err(|error| ServiceError::invalid_argument(error.to_string()))?;
        if faults.is_empty() {
            return Err(ServiceError::invalid_argument(
                "the body has no fault; send one a line, for instance `operation=write-upsert nth=2 status=503`",
            ));
        }
        let ids: Vec<u64> = faults.into_iter().map(|fault| self.service.faults.add(fault)).collect();
        let added = self.service.faults.list();
        json(&added.into_iter().filter(|fault| ids.contains(&fault.id)).collect::<Vec<_>>())
    }

    fn remove_faults(&self) -> Result<Response, ServiceError> {
        if self.route.object.is_empty() {
            self.service.faults.clear();
        } else if !self.route.object.parse().is_ok_and(|id| self.service.faults.remove(id)) {
            let message = format!("there is no fault {}; GET /emulator/faults lists them", self.route.object);
            return Err(ServiceError::not_found("NoSuchFault", message));
        }
        Ok(Response::empty(StatusCode::NO_CONTENT))
    }
}

fn json(value: &impl Serialize) -> Result<Response, ServiceError> {
    let value = serde_json::to_value(value).map_err(|error| failed(&error))?;
    Ok(Response::json(StatusCode::OK, &value))
}

fn failed(error: &dyn std::fmt::Display) -> ServiceError {
    let message = format!("cannot write the answer: {error}");
    ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
}
