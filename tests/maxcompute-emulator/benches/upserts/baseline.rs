use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::client::Server;

/// A server that reads each body into memory and answers 200.
pub(crate) struct Baseline {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Baseline {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("an open socket");
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(read));
                tokio::spawn(connection);
            }
        });
        Self { address, accepting }
    }
}

impl Server for Baseline {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn read(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.expect("a whole body").to_bytes();
    std::hint::black_box(&body);
    Ok(Response::new(Full::default()))
}
