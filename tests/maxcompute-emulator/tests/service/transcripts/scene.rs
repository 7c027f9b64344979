use std::net::SocketAddr;

use maxcompute_emulator::record::Value;
use maxcompute_emulator::{Config, Emulator};

use crate::service::client::{sql_of, stream, upload};

/// What the stand-in server held and did in a flow, for an emulator to hold and do.
pub(super) struct Scene {
    flow: String,
    /// The schema of the tables, in a project with the schema model.
    schema: Option<&'static str>,
}

const TABLES: [(&str, &str); 3] = [
    ("t_plain", "(id bigint, name string comment 'nm')"),
    ("t_append", "(id bigint, name string comment 'nm') partitioned by (pt string)"),
    (
        "t_delta",
        "(id bigint not null, name string, primary key (id)) \
         tblproperties ('transactional'='true', 'write.bucket.num'='4')",
    ),
];

impl Scene {
    pub(super) fn of(flow: &str) -> Self {
        Self { flow: flow.to_owned(), schema: flow.starts_with("schema_").then_some("s1") }
    }

    /// An emulator with the tables, rows and faults of the flow.
    pub(super) async fn start(&self) -> Emulator {
        let config = Config { schema_model: self.schema.is_some(), ..Config::new("proj") };
        let emulator = Emulator::start(config).await.expect("starts");
        let prefix = self.schema.map_or_else(String::new, |schema| format!("proj.{schema}."));
        let mut statements: Vec<String> =
            TABLES.iter().map(|(name, columns)| format!("create table {prefix}{name} {columns}")).collect();
        if let Some(schema) = self.schema {
            statements.insert(0, format!("create schema {schema}"));
        }
        match self.flow.as_str() {
            "schema_create" => statements.clear(),
            "table_open_writer_partition_create" => {
                statements.push("alter table t_append add partition (pt='a b/c+d')".to_owned());
            }
            _ => {}
        }
        for statement in statements {
            sql_of(&emulator, "proj", &statement).await;
        }
        if let Some(rows) = self.rows() {
            let types = ["bigint", "string"].map(|name| name.parse().expect("a type"));
            let rows: Vec<_> = rows
                .iter()
                .map(|(id, name)| {
                    vec![Some(Value::Integer(*id)), name.map(|name| Value::Text(name.to_owned()))]
                })
                .collect();
            upload(&emulator, "/projects/proj/tables/t_plain", "", stream(&types, &rows)).await;
        }
        if let Some(fault) = self.fault(emulator.address()) {
            emulator.faults().add(fault.parse().expect("a fault"));
        }
        emulator
    }

    /// Rows of `t_plain`.
    fn rows(&self) -> Option<&'static [(i64, Option<&'static str>)]> {
        match self.flow.as_str() {
            "select_instance_tunnel" => Some(&[(1, Some("a")), (2, None)]),
            "select_result_csv" => Some(&[(1, Some("a"))]),
            "table_open_reader" => Some(&[
                (0, Some("row0")),
                (1, Some("row1")),
                (2, Some("row2")),
                (3, Some("row3")),
                (4, Some("row4")),
            ]),
            "truncate_table" => Some(&[(7, None)]),
            _ => None,
        }
    }

    fn fault(&self, worker: SocketAddr) -> Option<String> {
        let fault = match self.flow.as_str() {
            "upsert_session_commit" | "delta_table_open_writer" => "operation=commit-upsert committing=2",
            "upsert_put_308" => &format!(
                "operation=write-upsert status=308 code=SlotReassigned message=\"slot moved\" \
                     header=odps-tunnel-routed-server:{worker}"
            ),
            "upsert_put_429" => "operation=write-upsert status=429 message=\"Your flow quota is exceeded.\"",
            "upsert_put_500" => "operation=write-upsert status=500 message=boom",
            _ => return None,
        };
        Some(format!("first=1 {fault}"))
    }

    /// The stand-in executed no SQL: it found no table that had just been created.
    pub(super) fn executes_what_the_stand_in_did_not(&self, exchange: usize) -> bool {
        let creations = ["create_table_append", "create_table_delta", "schema_create_table"];
        creations.contains(&self.flow.as_str()) && exchange == 3
    }

    /// Whether the client reads nothing of a response but its status. The stand-in told of an aborted stream that it was
    /// normal.
    pub(super) fn body_is_unread(&self, exchange: usize) -> bool {
        self.flow == "stream_upload" && exchange == 2
    }

    /// What the flow left: queries with their results as text.
    pub(super) fn afterwards(&self) -> &'static [(&'static str, &'static str)] {
        match self.flow.as_str() {
            "create_table_append" => &[("select * from t_new", "id,name,pt\n")],
            "create_table_delta" => &[("select * from t_new2", "id,v\n")],
            "execute_sql_ddl" => &[("select * from t_plain", "id,name,c3\n")],
            "table_open_writer_plain" => &[("select * from t_plain", "id,name\n1,a\n2,b\n")],
            "table_open_writer_partition_create" => {
                &[("select * from t_append", "id,name,pt\n1,a,a b/c+d\n2,b,a b/c+d\n")]
            }
            "table_create_partition" => &[("select * from t_append where pt = 'x'", "id,name,pt\n")],
            "stream_upload" => &[("select * from t_append", "id,name,pt\n1,a,x\n")],
            "upsert_session_commit" => {
                &[("select * from t_delta order by id", "id,name\n0,v0\n1,v1\n2,v2\n4,v4\n5,v5\n")]
            }
            "delta_table_open_writer" => &[("select * from t_delta", "id,name\n7,x\n")],
            "upsert_session_abort" | "upsert_put_308" | "upsert_put_429" | "upsert_put_500" => {
                &[("select * from t_delta", "id,name\n")]
            }
            "truncate_table" => &[("select * from t_plain", "id,name\n")],
            "schema_create_table" => &[("select * from proj.s1.t_new3", "id\n")],
            "schema_table_open_writer" => &[("select * from proj.s1.t_plain", "id,name\n1,a\n")],
            _ => &[],
        }
    }
}
