//! What a service may answer the sink: a byte that says what is asked, then answers (see `fuzz::sink`).
#![no_main]

use cdc_plugin::host::http::BodyEncoding;
use cdc_plugin::types::TableId;
use cdc_plugin_maxcompute::rest::{TableName, create_schema, has_schema_model, table};
use cdc_plugin_maxcompute::sql::{Statement, run};
use cdc_plugin_maxcompute::tunnel::{UploadSession, UpsertSession};
use fuzz::{Input, sink};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let question = input.byte();
    let client = sink::client(input);
    let name = TableName::locate("p", &TableId::in_schema("d", "t"), question & 8 != 0).expect("a name");
    pollster::block_on(async {
        match question % 6 {
            0 => {
                if let Ok(Some(table)) = table(&client, &name).await {
                    let _ = table.primary_key.iter().filter_map(|key| table.column(key)).count();
                }
            }
            1 => {
                let _ = has_schema_model(&client).await;
            }
            2 => {
                let Ok(session) = UpsertSession::create(&client, &name).await else { return };
                for bucket in 0..session.buckets().min(4) {
                    let _ = session.put(&client, bucket, 1, vec![0; 9], BodyEncoding::Identity).await;
                }
                let _ = session.refresh(&client).await;
                let route = session.route();
                let _ = UpsertSession::look(&client, &name, &session.id).await;
                let _ = UpsertSession::commit(&client, &name, &session.id, route.as_deref()).await;
                let _ = UpsertSession::abort(&client, &name, &session.id, route.as_deref()).await;
            }
            3 => {
                let Ok(session) = UploadSession::create(&client, &name).await else { return };
                let _ = session.put(&client, 0, vec![0; 9], BodyEncoding::Identity).await;
                let _ = session.refresh(&client).await;
                let _ = UploadSession::look(&client, &name, &session.id).await;
                let _ = UploadSession::commit(&client, &name, &session.id).await;
            }
            4 => {
                let sql = "create table `t` (`a` bigint)";
                let statement = Statement {
                    what: "a test",
                    task: "f",
                    sql,
                    schema_model: true,
                    repeatable: question & 16 != 0,
                };
                let _ = run(&client, &statement).await;
            }
            _ => {
                let _ = create_schema(&client, "s").await;
            }
        }
    });
});
