//! Whole files through the parser and the plan.

mod grammar;
mod options;
mod planning;
mod transforms;

use super::{Manifest, OptionKind, OptionSpec, Plan, Refusal, Spec};

/// A file that has to be refused, and how.
fn refused(text: &str) -> String {
    match Spec::parse(text, "pipeline.yaml") {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(refusal) => refusal.to_string(),
    }
}

fn spec(text: &str) -> Spec {
    Spec::parse(text, "pipeline.yaml").unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// A source that takes anything that the tests write, and is called as the file says.
fn anything(name: &str) -> Manifest {
    let options = vec![OptionSpec::secret("password"), OptionSpec::endpoint("hostname")];
    let mut manifest = Manifest::new(name, options);
    for name in
        ["host", "port", "username", "tables", "chunk-column", "capture-new-tables", "bootstrap-servers"]
    {
        manifest.options.push(OptionSpec::text(name));
    }
    manifest.options.push(OptionSpec::text("auto-create-table"));
    manifest
}

fn mysql() -> Manifest {
    Manifest::new(
        "mysql",
        vec![
            OptionSpec::endpoint("hostname").required(),
            OptionSpec::new("port", OptionKind::Integer).default("3306").between(1, 65_535),
            OptionSpec::text("username").required(),
            OptionSpec::secret("password").required(),
            OptionSpec::text("tables").required(),
            OptionSpec::text("jdbc.properties.*"),
            OptionSpec::choice("scan.startup.mode", &["initial", "snapshot"]).default("initial"),
            OptionSpec::new("connection.pool.size", OptionKind::Integer).ignored("sessions are not pooled"),
        ],
    )
}

fn maxcompute() -> Manifest {
    let mut manifest = Manifest::new(
        "maxcompute",
        vec![
            OptionSpec::text("access-id").required(),
            OptionSpec::secret("access-key").required(),
            OptionSpec::endpoint("endpoint").required(),
            OptionSpec::text("project").required(),
            OptionSpec::endpoint("tunnel.endpoint"),
            OptionSpec::new("buckets-num", OptionKind::Integer).default("16").between(1, 4096),
            OptionSpec::choice("compress.algorithm", &["raw", "zlib", "lz4", "snappy"]).default("zlib"),
            OptionSpec::new("total.buffer-size", OptionKind::Size).default("64MB"),
            OptionSpec::new("retry.wait", OptionKind::Duration).default("5s"),
            OptionSpec::new("strict", OptionKind::Boolean).default("false"),
        ],
    );
    manifest.hosts.push("*.maxcompute.aliyun.com".to_owned());
    manifest
}

const SOURCE: &str = "source:
  type: mysql
  hostname: db.example.com
  username: reader
  password: hunter2
  tables: app.orders
";
const SINK: &str = "sink:
  type: maxcompute
  access-id: id
  access-key: hunter3
  endpoint: https://service.cn.maxcompute.aliyun.com/api
  project: p
";

fn plan(text: &str) -> Result<Plan, Refusal> {
    Plan::new(&spec(text), &mysql(), &maxcompute())
}

fn plan_with(pipeline: &str) -> Result<Plan, Refusal> {
    plan(&format!("{SOURCE}{SINK}pipeline:\n{pipeline}"))
}
