use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Plane, Request, Response, ServiceError};
use crate::service::Service;

/// How long requests that run at shutdown may take to finish.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after the system refused to accept a connection, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections and passes their requests to the service.
pub(crate) struct Server {
    listener: TcpListener,
    service: Arc<Service>,
}

impl Server {
    pub(crate) fn new(listener: TcpListener, service: Arc<Service>) -> Self {
        Self { listener, service }
    }

    /// Serves until `stop` says so or its sender is gone, then lets running requests finish.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, _)) => self.connection(stream, &graceful),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still running {GRACE:?} after the shutdown began");
        }
    }

    fn connection(&self, stream: TcpStream, graceful: &GracefulShutdown) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off Nagle's algorithm");
        }
        let service = Arc::clone(&self.service);
        let answer = service_fn(move |request| answer(Arc::clone(&service), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
}

/// Reads a request whole, has it answered on a blocking thread, and turns the answer into hyper's form.
async fn answer(
    service: Arc<Service>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<bytes::Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let limit = service.config.body_limit;
    let response = match Limited::new(body, limit).collect().await {
        Ok(body) => {
            let request =
                Request { method: head.method, target, headers: head.headers, body: body.to_bytes() };
            service.pass(request).await
        }
        Err(error) => {
            let message = format!(
                "the body of {} {target} cannot be read (at most {limit} bytes): {error}",
                head.method
            );
            ServiceError::new(hyper::StatusCode::BAD_REQUEST, "IncompleteBody", message)
                .response(Plane::Tunnel, "unread")
        }
    };
    let Response { status, headers, body } = response;
    let mut answer = hyper::Response::new(Full::new(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}
