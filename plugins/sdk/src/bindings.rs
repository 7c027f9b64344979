//! What `wit-bindgen` makes of `wit/`: nothing but the macro and its settings.
//!
//! The two worlds share their types, so that plugin logic need not know in which world it runs.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated code"
)]

/// World `source-plugin`.
pub mod source {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "source-plugin",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_source",
        default_bindings_module: "cdc_plugin::bindings::source",
        additional_derives: [PartialEq],
    });
}

/// World `sink-plugin`.
pub mod sink {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "sink-plugin",
        pub_export_macro: true,
        export_macro_name: "export_sink",
        default_bindings_module: "cdc_plugin::bindings::sink",
        additional_derives: [PartialEq],
        with: {
            "cdc:plugin/types@0.1.0": crate::bindings::source::cdc::plugin::types,
            "cdc:plugin/options@0.1.0": crate::bindings::source::cdc::plugin::options,
            "cdc:host/http@0.1.0": crate::bindings::source::cdc::host::http,
            "cdc:host/mysql@0.1.0": crate::bindings::source::cdc::host::mysql,
            "cdc:host/clock@0.1.0": crate::bindings::source::cdc::host::clock,
            "cdc:host/log@0.1.0": crate::bindings::source::cdc::host::log,
            "cdc:host/metrics@0.1.0": crate::bindings::source::cdc::host::metrics,
            "cdc:host/signing@0.1.0": crate::bindings::source::cdc::host::signing,
        },
    });
}
