//! Temporary keys and quotas, which the emulator asks for in every request that takes them.

use cdc_plugin::options::{Setting, Value};
use cdc_plugin::types::RowKind::{Delete, Insert};
use cdc_plugin::types::{Blame, Column, LogicalType, SchemaChange};
use maxcompute_emulator::Operation;
use maxcompute_emulator::auth::AccessKey;

use super::{KEY, Place, TOKEN};
use crate::support::tables::{addition, batch, changed, creation, orders, plain};

async fn temporary() -> Place {
    let key = AccessKey::new("the-id".to_owned(), KEY.to_owned()).with_sts_token(TOKEN.to_owned());
    Place::new(|config| config.access_key = Some(key)).await
}

/// Everything that a sink does: create, write, commit, abort, alter, keep alive, drop.
async fn use_all(place: &Place, options: &[Setting], keyed: bool) {
    let sink = place.sink_with(options);
    let mut schema = orders(keyed);
    sink.apply(&creation(&schema)).await.unwrap();
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, Some("a")), (Delete, 2, None)])).await.unwrap();
    sink.poll().await.unwrap();
    sink.commit(&writer.prepare().await.unwrap().committables[0]).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 2, None)])).await.unwrap();
    sink.abort(&writer.prepare().await.unwrap().committables[0]).await.unwrap();
    schema.columns.push(Column::new("x", LogicalType::Int, true));
    sink.apply(&changed(&schema, addition(&schema.columns[2..]))).await.unwrap();
    sink.apply(&changed(&schema, SchemaChange::TruncateTable)).await.unwrap();
    sink.apply(&changed(&schema, SchemaChange::DropTable)).await.unwrap();
    let refused =
        place.emulator.journal().entries().into_iter().find(|entry| (401..404).contains(&entry.status));
    assert!(refused.is_none(), "{refused:?}");
}

#[tokio::test]
async fn a_temporary_key_works_with_its_token_and_only_with_it() {
    let place = temporary().await;
    let token = Setting { name: "sts-token".to_owned(), value: Value::Secret("token-handle".to_owned()) };
    for keyed in [true, false] {
        use_all(&place, std::slice::from_ref(&token), keyed).await;
    }
    let error = place.sink().apply(&creation(&orders(true))).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.auth"));
    assert!(error.message.contains("`sts-token`"), "{}", error.message);
    assert!(!format!("{error:?}").contains(TOKEN));
}

#[tokio::test]
async fn every_tunnel_request_names_the_quota() {
    let place = Place::new(|config| {
        config.quotas = vec!["fast lane".to_owned()];
        config.quota_required = true;
    })
    .await;
    for keyed in [true, false] {
        use_all(&place, &[plain("quota.name", "fast lane")], keyed).await;
    }
    let journal = place.emulator.journal();
    let tunnel = |target: &str| {
        ["/tunnel?", "/upserts?", "uploads", "uploadid="].iter().any(|part| target.contains(part))
    };
    let entries: Vec<_> = journal.entries().into_iter().filter(|entry| tunnel(&entry.target)).collect();
    assert!(entries.len() > 10, "{}", entries.len());
    for entry in entries {
        assert!(entry.target.contains("quotaName=fast%20lane"), "{}", entry.target);
    }
    assert!(place.count(Operation::WriteUpsert) > 0 && place.count(Operation::WriteUploadBlock) > 0);

    let sink = place.sink_with(&[plain("quota.name", "another")]);
    sink.apply(&creation(&orders(true))).await.unwrap();
    let mut writer = sink.open(orders(true)).await.unwrap();
    let error = writer.write(&batch(&orders(true), &[(Insert, 1, None)])).await.unwrap_err();
    assert_eq!(error.blame, Blame::Config);
    assert!(error.message.contains("another"), "{}", error.message);
}
