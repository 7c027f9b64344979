//! What wasmtime makes of `wit/`: nothing but the macro and its settings.
#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated code"
)]

/// World `source-plugin`.
pub mod source {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "source-plugin",
        exports: { default: async | store },
        additional_derives: [PartialEq],
        with: {
            "cdc:host/mysql.session": crate::capability::mysql::Session,
        },
    });
}

/// World `sink-plugin`. Types and capabilities are those of the source's world.
pub mod sink {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "sink-plugin",
        exports: { default: async | store },
        with: {
            "cdc:plugin/types": crate::plugin::bindings::source::cdc::plugin::types,
            "cdc:plugin/options": crate::plugin::bindings::source::cdc::plugin::options,
            "cdc:host/http": crate::plugin::bindings::source::cdc::host::http,
            "cdc:host/mysql": crate::plugin::bindings::source::cdc::host::mysql,
            "cdc:host/clock": crate::plugin::bindings::source::cdc::host::clock,
            "cdc:host/log": crate::plugin::bindings::source::cdc::host::log,
            "cdc:host/metrics": crate::plugin::bindings::source::cdc::host::metrics,
            "cdc:host/signing": crate::plugin::bindings::source::cdc::host::signing,
        },
    });
}

pub use source::cdc::host as capabilities;
pub use source::cdc::plugin::{options, types};
