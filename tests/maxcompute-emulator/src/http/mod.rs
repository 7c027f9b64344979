//! HTTP: requests as the service sees them, responses, routes and the server.

mod connection;
mod error;
mod operation;
mod request;
mod response;
mod response_body;
mod route;
mod server;

pub(crate) use error::ServiceError;
pub use operation::Operation;
pub(crate) use operation::Plane;
pub(crate) use request::{Parameters, Request};
pub(crate) use response::Response;
pub(crate) use route::Route;
pub(crate) use server::Server;
