//! Schema changes against a scripted service: the exact statements, and answers that are lost, late or refusals.

use std::cell::RefCell;
use std::rc::Rc;

use cdc_plugin::host::http::{Failure, Response};
use cdc_plugin::sink::Applied;
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::{Blame, Column, Error, SchemaChange, TableSchema};
use cdc_plugin_maxcompute::sink::Sink;
use serde_json::{Value, json};

use crate::support::fake::{FakeHost, answer, answer_with, line};
use crate::support::tables::{addition, changed, options, orders, renames, type_changes};

/// What becomes of a statement.
enum Fate {
    /// Done.
    Done,
    /// Refused with this reason.
    Failed(&'static str),
    /// The answer to its submission is lost.
    Lost,
}

/// A service with one Delta table. `act` changes the columns as a statement wants it, and says what is answered.
#[derive(Clone)]
struct Service {
    host: FakeHost,
    /// `{"name", "type", "isNullable"}`
    columns: Rc<RefCell<Vec<Value>>>,
    statements: Rc<RefCell<Vec<String>>>,
    /// Of each job: its settings.
    settings: Rc<RefCell<Vec<Value>>>,
}

impl Service {
    fn new(schema_model: bool, mut act: impl FnMut(&str, &mut Vec<Value>) -> Fate + 'static) -> Self {
        let columns = Rc::new(RefCell::new(vec![
            json!({"name": "id", "type": "bigint", "isNullable": false}),
            json!({"name": "note", "type": "string"}),
        ]));
        let statements: Rc<RefCell<Vec<String>>> = Rc::default();
        let settings: Rc<RefCell<Vec<Value>>> = Rc::default();
        let (table, log, hints) = (Rc::clone(&columns), Rc::clone(&statements), Rc::clone(&settings));
        let mut outcome = Ok(());
        let host = FakeHost::new(move |_, request| {
            let line = line(request);
            if line == "GET /api/projects/p" {
                let property = format!(
                    "<Property><Name>odps.schema.model.enabled</Name><Value>{schema_model}</Value></Property>"
                );
                return answer(200, &format!("<Project><Properties>{property}</Properties></Project>"));
            }
            if line.starts_with("GET /api/projects/p/tables/") {
                return describe(&table.borrow());
            }
            if line == "POST /api/projects/p/instances" {
                let (sql, setting) = job(&request.body);
                let fate = act(&sql, &mut table.borrow_mut());
                log.borrow_mut().push(sql);
                hints.borrow_mut().push(setting);
                outcome = match fate {
                    Fate::Lost => return Err(Failure::TimedOut),
                    Fate::Done => Ok(()),
                    Fate::Failed(reason) => Err(reason),
                };
                return answer_with(201, &[("Location", "http://h/api/projects/p/instances/i1")], "");
            }
            let status = if outcome.is_ok() { "Success" } else { "Failed" };
            let result = outcome.err().unwrap_or_default();
            answer(
                200,
                &format!(
                    "<Instance><Status>Terminated</Status><Tasks><Task><Result>{result}</Result>\
                     <Status>{status}</Status></Task></Tasks></Instance>"
                ),
            )
        });
        Self { host, columns, statements, settings }
    }

    /// A service that does what it is told; what is told is not understood.
    fn obedient() -> Self {
        Self::new(false, |_, _| Fate::Done)
    }

    async fn apply(&self, schema: &TableSchema, change: SchemaChange) -> Result<Applied, Error> {
        let sink = Sink::configure(self.host.clone(), &options("http://main/api")).unwrap();
        sink.apply(&changed(schema, change)).await
    }

    fn statements(&self) -> Vec<String> {
        self.statements.borrow().clone()
    }
}

fn describe(columns: &[Value]) -> Result<Response, Failure> {
    let schema = json!({
        "columns": columns,
        "Reserved": json!({"Transactional": "true", "PrimaryKey": ["id"]}).to_string(),
    });
    answer(200, &format!("<Table><Schema><![CDATA[{schema}]]></Schema></Table>"))
}

/// Statement and settings of a job.
fn job(body: &[u8]) -> (String, Value) {
    let text = std::str::from_utf8(body).unwrap();
    let document = roxmltree::Document::parse(text).unwrap();
    let query = document.descendants().find(|node| node.has_tag_name("Query")).unwrap();
    let settings = document
        .descendants()
        .filter(|node| node.has_tag_name("Value"))
        .find_map(|node| serde_json::from_str::<Value>(node.text()?).ok().filter(Value::is_object));
    (query.text().unwrap().to_owned(), settings.unwrap())
}

fn column(name: &str, r#type: &str) -> Value {
    json!({"name": name, "type": r#type})
}

#[tokio::test]
async fn statements_name_the_schema_and_carry_the_connectors_hints() {
    let service = Service::new(true, |_, columns| {
        columns.push(column("x", "int"));
        Fate::Done
    });
    let change = addition(&[Column::new("x", T::Int, true)]);
    assert_eq!(service.apply(&orders(true), change).await.unwrap(), Applied::Done);
    assert_eq!(service.statements(), ["ALTER TABLE `p`.`shop`.`orders` ADD COLUMNS (`x` INT);"]);
    let expected = json!({
        "odps.sql.type.system.odps2": "true",
        "odps.sql.decimal.odps2": "true",
        "odps.sql.allow.schema.evolution": "true",
        "odps.namespace.schema": "true",
        "odps.sql.allow.namespace.schema": "true",
    });
    assert_eq!(*service.settings.borrow(), [expected]);
}

#[tokio::test]
async fn a_table_is_looked_at_before_between_and_after_statements() {
    let service = Service::new(false, |sql, columns| {
        if sql.contains("`b` `b` BIGINT") {
            columns[3]["type"] = "bigint".into();
        } else if sql.contains("`a` `a` BIGINT") {
            columns[2]["type"] = "bigint".into();
        }
        Fate::Done
    });
    let mut commented = column("a", "int");
    commented["comment"] = "it's a".into();
    service.columns.borrow_mut().extend([commented, column("b", "int")]);
    let change = type_changes(&["a", "b"].map(|name| Column::new(name, T::Bigint, true)));
    assert_eq!(service.apply(&orders(true), change).await.unwrap(), Applied::Done);
    assert_eq!(
        service.statements(),
        [
            // The comment that is there is said again, lest it be lost.
            "ALTER TABLE `p`.`orders` CHANGE COLUMN `a` `a` BIGINT COMMENT 'it\\'s a';",
            "ALTER TABLE `p`.`orders` CHANGE COLUMN `b` `b` BIGINT;"
        ]
    );
    let looks = service.host.lines().iter().filter(|line| line.contains("/tables/")).count();
    assert_eq!(looks, 3);
}

#[tokio::test]
async fn a_statement_whose_answer_was_lost_is_done_if_the_table_says_so() {
    let service = Service::new(false, |_, columns| {
        columns.push(column("x", "int"));
        Fate::Lost
    });
    let change = addition(&[Column::new("x", T::Int, true)]);
    assert_eq!(service.apply(&orders(true), change.clone()).await.unwrap(), Applied::Done);
    assert_eq!(service.statements().len(), 1);
    assert!(service.host.logs().iter().any(|(_, text)| text.contains("shows that it was done")));

    let service = Service::new(false, |_, _| Fate::Lost);
    let error = service.apply(&orders(true), change).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.network"));
    assert_eq!(service.statements().len(), 1, "nobody knows whether it runs");
}

#[tokio::test]
async fn a_statement_that_an_earlier_one_has_overtaken_is_no_failure() {
    let service = Service::new(false, |_, columns| {
        columns[1]["name"] = "text".into();
        Fate::Failed("ODPS-0130071:[1,1] Semantic analysis exception - column note cannot be resolved")
    });
    let change = renames(&[("note", "text")]);
    assert_eq!(service.apply(&orders(true), change).await.unwrap(), Applied::Done);
}

#[tokio::test]
async fn a_refusal_is_a_failure_that_tells_the_statement_and_the_way_out() {
    for (reason, code, hint) in [
        (
            "ODPS-0130071:[1,1] Semantic analysis exception - not supported",
            "maxcompute.sql",
            "schema.evolution",
        ),
        ("ODPS-0130013:[1,1] Authorization exception - no 'odps:Alter'", "maxcompute.permission", "grant"),
    ] {
        let service = Service::new(false, move |_, _| Fate::Failed(reason));
        let change = SchemaChange::DropColumn(vec!["note".to_owned()]);
        let error = service.apply(&orders(true), change).await.unwrap_err();
        assert_eq!((error.blame, error.code.as_str()), (Blame::Config, code));
        assert!(error.message.contains(hint) && error.message.contains(reason), "{}", error.message);
        assert!(error.causes[0].contains("DROP COLUMNS `note`"), "{:?}", error.causes);
    }
}

#[tokio::test]
async fn a_change_that_does_not_show_is_worth_another_look_and_a_comment_need_not() {
    let service = Service::obedient();
    let change = addition(&[Column::new("x", T::Int, true)]);
    let error = service.apply(&orders(true), change).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.table"));
    assert_eq!(service.statements().len(), 1);

    let service = Service::obedient();
    let change = SchemaChange::AlterTableComment(Some("it's new".to_owned()));
    assert_eq!(service.apply(&orders(true), change).await.unwrap(), Applied::Done);
    assert_eq!(service.statements(), ["ALTER TABLE `p`.`orders` SET COMMENT 'it\\'s new';"]);
    let service = Service::new(false, |_, _| Fate::Failed("ODPS-0130013: no"));
    let change = SchemaChange::AlterTableComment(Some("it's new".to_owned()));
    assert_eq!(service.apply(&orders(true), change).await.unwrap_err().code, "maxcompute.permission");
}

#[tokio::test]
async fn columns_that_exchange_names_are_told_apart_by_type_or_else_by_order() {
    let schema = |b: T, a: T| {
        let mut schema = orders(true);
        schema.columns.extend([Column::new("b", b, true), Column::new("a", a, true)]);
        schema
    };
    let swap = || renames(&[("a", "b"), ("b", "a")]);
    // The table has its columns in another order than the source.
    let live = |columns: [Value; 3]| {
        let service = Service::obedient();
        service.columns.borrow_mut().splice(1.., columns);
        service
    };
    let note = || column("note", "string");
    let before = live([column("b", "string"), note(), column("a", "int")]);
    before.apply(&schema(T::Int, T::String), swap()).await.unwrap_err();
    assert_eq!(
        before.statements(),
        ["ALTER TABLE `p`.`orders` CHANGE COLUMN `b` RENAME TO `cdc_renaming_b`;"],
        "it begins to rename"
    );
    let after = live([column("a", "string"), note(), column("b", "int")]);
    assert_eq!(after.apply(&schema(T::Int, T::String), swap()).await.unwrap(), Applied::Already);

    let unclear = live([column("a", "int"), note(), column("b", "int")]);
    let Applied::Unsupported(text) = unclear.apply(&schema(T::Int, T::Int), swap()).await.unwrap() else {
        panic!("it guessed")
    };
    assert!(text.contains("the columns (a, b) of table p.orders"), "{text}");
    assert_eq!(unclear.statements(), [""; 0]);
}
