//! What a service may answer the sink: a byte that says what is asked, then answers (see `fuzz::sink`).
#![no_main]

use cdc_plugin::host::http::BodyEncoding;
use cdc_plugin::types::TableId;
use cdc_plugin_maxcompute::rest::{TableName, create_schema, has_schema_model, table};
use cdc_plugin_maxcompute::sql::{Statement, run};
use cdc_plugin_maxcompute::tunnel::{Destination, UploadSession, UpsertSession};
use fuzz::{Input, sink};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let question = input.byte();
    let client = sink::client(input);
    let name = TableName::locate(&client.settings, &TableId::in_schema("d", "t"), question & 8 != 0)
        .expect("a name");
    let destination = Destination { name: name.clone(), partition: None };
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
                let Ok(upsert) = UpsertSession::create(&client, &destination).await else { return };
                for bucket in 0..upsert.buckets().min(4) {
                    let _ = upsert.put(&client, bucket, 1, vec![0; 9], BodyEncoding::Identity).await;
                }
                let session = &upsert.session;
                let _ = session.refresh(&client).await;
                let route = session.route();
                let _ = session.at.look(&client).await;
                let _ = session.at.commit(&client, route.as_deref()).await;
                let _ = session.at.abort(&client, route.as_deref()).await;
            }
            3 => {
                let Ok(upload) = UploadSession::create(&client, &destination).await else { return };
                let _ = upload.put(&client, 0, vec![0; 9], BodyEncoding::Identity).await;
                let _ = upload.session.refresh(&client).await;
                let _ = upload.session.at.look(&client).await;
                let _ = upload.session.at.commit(&client, None).await;
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
