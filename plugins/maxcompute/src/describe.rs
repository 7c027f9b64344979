//! What the sink says of itself: the one table of options that validation, help and documentation come from.
//!
//! Names and defaults are those of Flink CDC's MaxCompute connector.

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
            "Bytes of rows, not yet compressed, that one table may hold back in memory.",
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
        spec("flush.concurrent-num", Integer, "Uploads of one table that run at the same time.")
            .default("4")
            .range(1, 256),
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
        assert_eq!(
            table,
            expected.map(|(name, required, default)| (name.to_owned(), required, default.to_owned()))
        );
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
