//! The component signs each of its requests as the account of each signature vector: id, key, region and token. Its own
//! requests are other ones than the vectors'; whether they are signed right, the emulator says, which reproduces the
//! vectors by its own means (`make vectors`), as the sink does natively.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::types::RowKind;
use cdc_plugin_maxcompute::shape::OdpsType;
use maxcompute_emulator::auth::{AccessKey, SignedRequest};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::component::{sink, write};
use crate::service::{Description, Request, Service};
use crate::support::vectors::{load, schema};

fn signed(request: &Request) -> SignedRequest {
    let headers: HeaderMap = request
        .headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    SignedRequest { method: request.method.clone(), target: request.target.clone(), headers }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_signed_as_the_account_of_each_signature_vector() {
    let service = Service::start().await;
    let (schema, target) = schema(&[OdpsType::Bigint], None, &["c0"]).unwrap();
    service.describe(Description {
        columns: target,
        key: vec!["c0".to_owned()],
        hasher: "default".to_owned(),
        buckets: 1,
    });
    let mut verified = 0;
    for case in load("signature.json") {
        let (id, key) = (case["access_id"].as_str().unwrap(), case["secret_access_key"].as_str().unwrap());
        let region = case["region"].as_str();
        let token = case.get("authorization-sts-token").and_then(|token| token.as_str());
        let more: Vec<_> =
            [region.map(|it| format!("region: {it}")), token.map(|it| format!("sts-token: {it}"))]
                .into_iter()
                .flatten()
                .collect();
        let sink = sink(&service.address, id, key, &more).await;
        let mut builder = BatchBuilder::new(&schema);
        builder.row(RowKind::Insert, None);
        builder.columns[0].push_i64(1);
        write(&sink, &schema, builder.finish()).await;
        sink.end();

        let account = AccessKey::new(id.to_owned(), key.to_owned());
        let account = token.map_or(account.clone(), |token| account.with_sts_token(token.to_owned()));
        let requests = service.take();
        assert!(requests.len() >= 4, "project, table, session and rows: {requests:?}");
        for request in requests {
            let authorization = request.header("authorization").unwrap();
            account.verify(&signed(&request), Some(authorization)).unwrap();
            account.verify_token(request.header("authorization-sts-token")).unwrap();
            let (credential, _) = authorization.split_once(':').unwrap();
            let credential: Vec<_> = credential.split('/').collect();
            match region {
                Some(region) => {
                    let form = [credential[2], credential[3], credential[4]];
                    assert_eq!(form, [region, "odps", "aliyun_v4_request"], "{}", case["name"]);
                }
                None => assert_eq!(credential.len(), 1, "{}", case["name"]),
            }
            verified += 1;
        }
    }
    assert!(verified > 0);
}
