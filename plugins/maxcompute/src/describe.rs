//! What the sink says of itself: the one table of options that validation, help and documentation come from.
//!
//! First come the options of Flink CDC's MaxCompute connector with its names and defaults, then those of our own, whose
//! defaults change nothing.

use cdc_plugin::options::{Manifest, OptionKind, OptionRole, OptionSpec};

/// Hosts of MaxCompute's public, VPC and classic network endpoints, tunnel endpoints included.
const HOSTS: [&str; 4] =
    ["*.maxcompute.aliyun.com", "*.maxcompute.aliyun-inc.com", "*.odps.aliyun.com", "*.odps.aliyun-inc.com"];

/// The manifest of the sink.
#[must_use]
pub fn manifest() -> Manifest {
    Manifest {
        name: "maxcompute".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary:
            "Writes to Alibaba Cloud MaxCompute: Delta tables for keyed tables, append tables otherwise."
                .to_owned(),
        homepage: Some(env!("CARGO_PKG_REPOSITORY").to_owned()),
        options: options(),
        hosts: HOSTS.map(str::to_owned).to_vec(),
    }
}

fn options() -> Vec<OptionSpec> {
    let mut options = connector_options();
    options.extend(own_options());
    options
}

fn connector_options() -> Vec<OptionSpec> {
    use OptionKind::{Choice, Integer, Size, Text};
    use OptionRole::{Endpoint, Secret};
    vec![
        spec("access-id", Text, "AccessKey ID of the account or RAM user that writes.").required(),
        spec("access-key", Text, "AccessKey secret of the same account.").required().role(Secret),
        spec(
            "endpoint",
            Text,
            "MaxCompute endpoint, such as https://service.<region>.maxcompute.aliyun.com/api.",
        )
        .required()
        .role(Endpoint),
        spec("project", Text, "MaxCompute project to write to.").required(),
        spec("tunnel.endpoint", Text, "Tunnel endpoint; MaxCompute is asked for it when absent.")
            .role(Endpoint),
        spec(
            "quota.name",
            Text,
            "Tunnel quota (its name, not its nickname) of every tunnel request; the project's default when absent.",
        ),
        spec(
            "sts-token",
            Text,
            "STS token, sent with every request when access-id and access-key are temporary.",
        )
        .role(Secret),
        spec(
            "buckets-num",
            Integer,
            "Buckets of the Delta tables that the sink creates; a table keeps its number.",
        )
        .default("16")
        .range(1, 4096),
        spec(
            "compress.algorithm",
            Choice,
            "Compression of uploads: raw (none), zlib, lz4 (LZ4 frames) or snappy (framing format).",
        )
        .default("zlib")
        .choices(&["raw", "zlib", "lz4", "snappy"]),
        spec(
            "total.buffer-size",
            Size,
            "Bytes of rows, not yet compressed, that one table or partition may hold back in memory.",
        )
        .default("64MB")
        .range(1 << 10, 1 << 30),
        spec(
            "bucket.buffer-size",
            Size,
            "Bytes of rows of one bucket of a Delta table that start an upload.",
        )
        .default("4MB")
        .range(1 << 10, 256 << 20),
        spec("commit.thread-num", Integer, "Tables that commit at the same time at a checkpoint.")
            .default("16")
            .range(1, 1024),
        spec("flush.concurrent-num", Integer, "Uploads of one table or partition that run at the same time.")
            .default("4")
            .range(1, 256),
    ]
}

fn own_options() -> Vec<OptionSpec> {
    use OptionKind::{Choice, Duration, Integer, Text};
    vec![
        spec(
            "region",
            Text,
            "Region of the project, such as cn-hangzhou; with it requests are signed by version 4, without by version 1.",
        ),
        spec(
            "schema.name",
            Text,
            "Schema of all tables, in a project with the schema model; each table's own when absent.",
        ),
        spec(
            "table.lifecycle",
            Integer,
            "Days after its last change at which MaxCompute drops a table or partition that the sink creates; never when absent.",
        )
        .range(1, 37_231),
        spec(
            "table.properties.*",
            Text,
            "Property of the tables that the sink creates, such as table.properties.acid.data.retain.hours: 48.",
        ),
        spec(
            "invalid-value.policy",
            Choice,
            "A value that MaxCompute cannot take: fail stops the pipeline, null stores null where the column takes it, skip \
             leaves the row out; the metrics maxcompute.values.nulled and maxcompute.rows.skipped count.",
        )
        .default("fail")
        .choices(&["fail", "null", "skip"]),
        spec(
            "retry.server.max-num",
            Integer,
            "Tries after the first when MaxCompute fails (5xx); waits double from 1 s to 64 s.",
        )
        .default("7")
        .range(0, 20),
        spec(
            "retry.network.max-num",
            Integer,
            "Tries after the first when there is no answer: a lost connection, a timeout.",
        )
        .default("3")
        .range(0, 20),
        spec(
            "retry.flow-control.timeout",
            Duration,
            "Time that a request is held back in all while MaxCompute asks to wait (429) or moves a slot (308).",
        )
        .default("5 min")
        .range(0, 3_600_000),
    ]
}

/// An [`OptionSpec`] in the making.
fn spec(name: &str, kind: OptionKind, summary: &str) -> OptionSpec {
    OptionSpec {
        name: name.to_owned(),
        kind,
        role: OptionRole::Plain,
        summary: summary.to_owned(),
        required: false,
        default: None,
        choices: Vec::new(),
        minimum: None,
        maximum: None,
        ignored: None,
    }
}

trait With: Sized {
    fn required(self) -> Self;
    fn role(self, role: OptionRole) -> Self;
    fn default(self, value: &str) -> Self;
    fn range(self, minimum: i64, maximum: i64) -> Self;
    fn choices(self, choices: &[&str]) -> Self;
}

impl With for OptionSpec {
    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn role(self, role: OptionRole) -> Self {
        Self { role, ..self }
    }

    fn default(self, value: &str) -> Self {
        Self { default: Some(value.to_owned()), ..self }
    }

    fn range(self, minimum: i64, maximum: i64) -> Self {
        Self { minimum: Some(minimum), maximum: Some(maximum), ..self }
    }

    fn choices(self, choices: &[&str]) -> Self {
        Self { choices: choices.iter().map(|choice| (*choice).to_owned()).collect(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_and_defaults_are_flink_cdcs() {
        let table: Vec<_> = manifest()
            .options
            .into_iter()
            .map(|option| (option.name, option.required, option.default.unwrap_or_default()))
            .collect();
        let expected = [
            ("access-id", true, ""),
            ("access-key", true, ""),
            ("endpoint", true, ""),
            ("project", true, ""),
            ("tunnel.endpoint", false, ""),
            ("quota.name", false, ""),
            ("sts-token", false, ""),
            ("buckets-num", false, "16"),
            ("compress.algorithm", false, "zlib"),
            ("total.buffer-size", false, "64MB"),
            ("bucket.buffer-size", false, "4MB"),
            ("commit.thread-num", false, "16"),
            ("flush.concurrent-num", false, "4"),
        ];
        let expected =
            expected.map(|(name, required, default)| (name.to_owned(), required, default.to_owned()));
        assert_eq!(table[..expected.len()], expected);
    }

    #[test]
    fn no_option_of_our_own_is_required() {
        assert!(own_options().iter().all(|option| !option.required && option.role == OptionRole::Plain));
    }

    #[test]
    fn only_key_and_token_are_secret_and_only_endpoints_grant_hosts() {
        for option in manifest().options {
            let role = match option.name.as_str() {
                "access-key" | "sts-token" => OptionRole::Secret,
                "endpoint" | "tunnel.endpoint" => OptionRole::Endpoint,
                _ => OptionRole::Plain,
            };
            assert_eq!(option.role, role, "{}", option.name);
        }
    }
}
