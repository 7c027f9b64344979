use std::time::{Instant, SystemTime};

use crate::fault::Injection;
use crate::http::{Operation, Plane, Request, Route, ServiceError};
use crate::journal::{Entry, epoch_ms};
use crate::service::Service;

/// A request whose head has come: what it asks for, and what is to go wrong with it.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) request_id: String,
    pub(crate) route: Result<Route, (Plane, ServiceError)>,
    pub(crate) injection: Injection,
    occurrence: u64,
    method: String,
    target: String,
    arrived: SystemTime,
    begun: Instant,
}

impl Arrival {
    pub(crate) fn new(
        request: &Request,
        route: Result<Route, (Plane, ServiceError)>,
        occurrence: u64,
        injection: Injection,
    ) -> Self {
        Self {
            request_id: uuid::Uuid::new_v4().simple().to_string().to_uppercase(),
            route,
            injection,
            occurrence,
            method: request.method.to_string(),
            target: request.target.clone(),
            arrived: SystemTime::now(),
            begun: Instant::now(),
        }
    }

    pub(crate) fn operation(&self) -> Option<Operation> {
        self.route.as_ref().ok().map(|route| route.operation)
    }

    pub(crate) fn plane(&self) -> Plane {
        match &self.route {
            Ok(route) => route.operation.plane(),
            Err((plane, _)) => *plane,
        }
    }

    /// Writes the request into journal, metrics and log; status 0 stands for no answer. Requests for the emulator itself are left out.
    pub(crate) fn record(self, service: &Service, status: u16, body_bytes: u64) {
        if self.plane() == Plane::Emulator {
            return;
        }
        let elapsed = self.begun.elapsed();
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let operation = self.operation().map_or_else(|| "none".to_owned(), |operation| operation.to_string());
        tracing::info!(
            request_id = %self.request_id,
            method = %self.method,
            target = %self.target,
            %operation,
            status,
            body_bytes,
            elapsed_us,
            faults = ?self.injection.sources,
            "answered"
        );
        let fault = !self.injection.sources.is_empty();
        service.metrics.count(operation, status, body_bytes, elapsed, fault);
        service.journal.record(Entry {
            sequence: 0,
            arrived_ms: epoch_ms(self.arrived),
            operation: self.operation(),
            occurrence: self.occurrence,
            method: self.method,
            target: self.target,
            status,
            body_bytes,
            elapsed_us,
            faults: self.injection.sources,
        });
    }
}
