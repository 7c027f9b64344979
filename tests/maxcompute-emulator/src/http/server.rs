use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::CONTENT_LENGTH;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::connection::{ConnectionCut, ConnectionHandle};
use super::response_body::ResponseBody;
use super::{Plane, Request, Response, ServiceError};
use crate::fault::Cut;
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
        let handle = match ConnectionHandle::of(&stream) {
            Ok(handle) => Arc::new(handle),
            Err(error) => {
                tracing::warn!(%error, "cannot duplicate the handle of a connection, so it is closed");
                return;
            }
        };
        let service = Arc::clone(&self.service);
        let answer = service_fn(move |request| answer(Arc::clone(&service), Arc::clone(&handle), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
}

/// Reads a request whole, has it answered on a blocking thread, and turns the answer into hyper's form. An error resets
/// the connection.
async fn answer(
    service: Arc<Service>,
    handle: Arc<ConnectionHandle>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<ResponseBody>, ConnectionCut> {
    let (head, body) = request.into_parts();
    let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut request = Request::new(head, Bytes::new());
    let arrival = service.arrive(&request);
    let cut = arrival.injection.cut;
    if matches!(cut, Some(Cut::BeforeBody | Cut::InBody)) {
        tokio::time::sleep(arrival.injection.delay).await;
        let read = if cut == Some(Cut::InBody) { read_half(body, length).await } else { 0 };
        arrival.record(&service, 0, read);
        return Err(handle.reset());
    }
    let limit = service.config.body_limit;
    let response = match Limited::new(body, limit).collect().await {
        Ok(body) => {
            request.body = body.to_bytes();
            service.pass(arrival, request).await.ok_or_else(|| handle.reset())?
        }
        Err(error) => {
            let message = format!(
                "the body of {} {} cannot be read (at most {limit} bytes): {error}",
                request.method, request.target
            );
            let response = ServiceError::new(StatusCode::BAD_REQUEST, "IncompleteBody", message)
                .response(Plane::Tunnel, &arrival.request_id);
            let response = response.with_header("x-odps-request-id", &arrival.request_id);
            arrival.record(&service, response.status.as_u16(), 0);
            response
        }
    };
    let Response { status, mut headers, body } = response;
    let body = if cut == Some(Cut::InAnswer) {
        headers.insert(CONTENT_LENGTH, body.len().into());
        ResponseBody::half_of(&body)
    } else {
        ResponseBody::whole(body)
    };
    let mut answer = hyper::Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// Reads about half of a body, or its first piece if the length is not known; gives the bytes read.
async fn read_half(mut body: Incoming, length: Option<u64>) -> u64 {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
        if length.is_none_or(|length| read * 2 >= length) {
            break;
        }
    }
    read
}
