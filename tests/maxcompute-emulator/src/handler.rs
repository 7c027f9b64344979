use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;

use crate::config::Config;
use crate::emulator::StartError;
use crate::http::Request;
use crate::service::Service;

/// The service without a server: requests are handed over whole and answered on the thread that asks. A tokio runtime
/// has to be there for the delays of faults.
///
/// ```
/// use maxcompute_emulator::{Config, Handler};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handler = Handler::new(Config::new("demo"))?;
/// let request = hyper::Request::get("/api/projects/demo").body(bytes::Bytes::new())?;
/// let response = handler.answer(request).await.ok_or("no answer")?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Handler {
    service: Arc<Service>,
}

impl Handler {
    /// A service with what `config` says, its address apart.
    ///
    /// # Errors
    /// [`StartError::DataDirectory`].
    pub fn new(config: Config) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.listen.port()));
        let service = Service { inline: true, ..Service::new(config, address)? };
        Ok(Self { service: Arc::new(service) })
    }

    /// Answers a request. Gives nothing where a fault wants the connection to be reset before the answer; the faults that
    /// cut bodies in their middle have no effect.
    pub async fn answer(&self, request: hyper::Request<Bytes>) -> Option<hyper::Response<Bytes>> {
        let (head, body) = request.into_parts();
        let request = Request::new(head, body);
        let arrival = self.service.arrive(&request);
        let answer = Arc::clone(&self.service).pass(arrival, request).await?;
        let mut response = hyper::Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Some(response)
    }
}
