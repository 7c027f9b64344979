import com.aliyun.odps.Column;
import com.aliyun.odps.Instance;
import com.aliyun.odps.NoSuchObjectException;
import com.aliyun.odps.Odps;
import com.aliyun.odps.OdpsException;
import com.aliyun.odps.PartitionSpec;
import com.aliyun.odps.Table;
import com.aliyun.odps.TableSchema;
import com.aliyun.odps.account.AliyunAccount;
import com.aliyun.odps.account.StsAccount;
import com.aliyun.odps.data.ArrayRecord;
import com.aliyun.odps.data.Record;
import com.aliyun.odps.data.RecordReader;
import com.aliyun.odps.data.RecordWriter;
import com.aliyun.odps.data.SimpleJsonValue;
import com.aliyun.odps.data.SimpleStruct;
import com.aliyun.odps.task.SQLTask;
import com.aliyun.odps.tunnel.Configuration;
import com.aliyun.odps.tunnel.InstanceTunnel;
import com.aliyun.odps.tunnel.TableTunnel;
import com.aliyun.odps.tunnel.TunnelException;
import com.aliyun.odps.tunnel.io.CompressOption;
import com.aliyun.odps.tunnel.io.CompressOption.CompressAlgorithm;
import com.aliyun.odps.tunnel.streams.UpsertStream;
import com.aliyun.odps.type.StructTypeInfo;
import com.aliyun.odps.type.TypeInfoFactory;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What a CDC sink does with the Java SDK, against an emulator whose values are compared.
 *
 * Arguments: endpoint without /api, access id, access key, project, and one of v1, v4, or an STS token.
 */
public class OdpsFlow {
    private static final CompressAlgorithm[] ALGORITHMS = {
        CompressAlgorithm.ODPS_RAW, CompressAlgorithm.ODPS_ZLIB, CompressAlgorithm.ODPS_SNAPPY, CompressAlgorithm.ODPS_LZ4_FRAME
    };
    private static final String DELTA = "java_delta";
    private static final String APPEND = "java_append";
    private static final String TYPES = "java_types";

    private final Odps odps;
    private final String endpoint;
    private final String project;
    private int failures;

    private interface Step {
        void run() throws Exception;
    }

    private OdpsFlow(String endpoint, String id, String key, String project, String mode) {
        this.endpoint = endpoint;
        this.project = project;
        switch (mode) {
            case "v1":
                odps = new Odps(new AliyunAccount(id, key));
                break;
            case "v4":
                odps = new Odps(new AliyunAccount(id, key, "cn-hangzhou"));
                break;
            default:
                odps = new Odps(new StsAccount(id, key, mode));
        }
        odps.setEndpoint(endpoint + "/api");
        odps.setDefaultProject(project);
    }

    public static void main(String[] arguments) {
        if (arguments.length != 5) {
            System.err.println("usage: OdpsFlow ENDPOINT ACCESS_ID ACCESS_KEY PROJECT v1|v4|STS_TOKEN");
            System.exit(2);
        }
        OdpsFlow flow = new OdpsFlow(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
        flow.metadata();
        flow.upserts();
        flow.faults();
        flow.statements();
        flow.appends();
        flow.end();
        System.out.println(flow.failures + " failures");
        System.exit(flow.failures == 0 ? 0 : 1);
    }

    private void metadata() {
        step("the project is described", () -> odps.projects().get(project).reload());
        step("an unknown project is not found", () -> {
            try {
                odps.projects().get("other").reload();
                throw new AssertionError("it was found");
            } catch (NoSuchObjectException expected) {
                equal(expected.getErrorCode(), "NoSuchProject");
            }
        });
        step("a Delta table is created", () -> {
            TableSchema schema = new TableSchema();
            schema.addColumn(Column.newBuilder("id", TypeInfoFactory.BIGINT).notNull().withComment("it's").build());
            schema.addColumn(new Column("v", TypeInfoFactory.STRING));
            schema.addColumn(new Column("d", TypeInfoFactory.getDecimalTypeInfo(10, 2)));
            require(!odps.tables().exists(DELTA), "it is there already");
            odps.tables().newTableCreator(DELTA, schema).ifNotExists().transactionTable()
                .withPrimaryKeys(Arrays.asList("id")).withDeltaTableBucketNum(4).withHints(hints()).debug().create();
            Table table = odps.tables().get(DELTA);
            equal(table.getSchema().getColumn(0).getComment(), "it's");
            equal(table.getPrimaryKey(), Arrays.asList("id"));
            require(table.isTransactional(), "it is not transactional");
        });
    }

    private void upserts() {
        for (CompressAlgorithm algorithm : ALGORITHMS) {
            step("rows are upserted and deleted, " + algorithm, () -> {
                TableTunnel.UpsertSession session = write(algorithm, row(1L, "a", "1.5"), row(2L, null, null), row(3L, "中文", "-0.01"));
                UpsertStream stream = session.buildUpsertStream().setCompressOption(new CompressOption(algorithm, 1, 0)).build();
                stream.delete(record(session, row(2L, null, null)));
                stream.close();
                session.commit(false);
                equal(session.getStatus(), "committed");
                session.close();
                equal(rows(DELTA, null), Arrays.asList("[1, a, 1.5]", "[3, 中文, -0.01]"));
            });
        }
        step("a session is opened by its id", () -> {
            TableTunnel.UpsertSession first = write(CompressAlgorithm.ODPS_ZLIB, row(9L, "n", null));
            TableTunnel.UpsertSession second =
                tunnel(CompressAlgorithm.ODPS_ZLIB).buildUpsertSession(project, DELTA).setUpsertId(first.getId()).build();
            second.commit(false);
            second.close();
            first.close();
            require(rows(DELTA, null).contains("[9, n, null]"), "the row is not there");
        });
        step("an aborted session leaves nothing", () -> {
            TableTunnel.UpsertSession session = write(CompressAlgorithm.ODPS_RAW, row(10L, "x", null));
            session.abort();
            session.close();
            require(!rows(DELTA, null).contains("[10, x, null]"), "the row is there");
        });
    }

    private void faults() {
        String[] faults = {
            "operation=write-upsert first=1 slot-moved",
            "operation=write-upsert first=1 slot-moved=silent",
            "operation=write-upsert first=1 status=502",
            "operation=write-upsert first=1 status=429 retry-after=1",
            "operation=write-upsert first=1 status=500 processed",
            "operation=commit-upsert first=1 committing=2",
            "operation=commit-upsert first=1 status=503 processed",
        };
        for (int number = 0; number < faults.length; number++) {
            String fault = faults[number];
            long id = 20 + number;
            step(fault, () -> {
                emulator("POST", "/faults", fault);
                TableTunnel.UpsertSession session = write(CompressAlgorithm.ODPS_RAW, row(id, "x", null));
                session.commit(false);
                equal(session.getStatus(), "committed");
                session.close();
                require(rows(DELTA, null).contains("[" + id + ", x, null]"), "the row is not there");
            });
        }
        step("a session that is lost is not found", () -> {
            TableTunnel.UpsertSession session = write(CompressAlgorithm.ODPS_RAW, row(40L, "x", null));
            emulator("POST", "/faults", "operation=commit-upsert session-lost");
            refused("UpsertSessionNotFound", () -> session.commit(false));
            session.close();
        });
    }

    private void statements() {
        step("columns are added, changed, renamed and dropped", () -> {
            String table = "`" + project + "`.`" + DELTA + "`";
            sql("alter table " + table + " add columns (c1 STRING comment 'x',c2 INT);");
            sql("alter table " + table + " change column c2 c2 BIGINT comment 'y';");
            sql("alter table " + table + " change column c1 rename to c3;");
            sql("alter table " + table + " set comment 'z';");
            Table changed = odps.tables().get(DELTA);
            equal(changed.getSchema().getColumn(3).getName(), "c3");
            equal(changed.getSchema().getColumn(4).getTypeInfo().getTypeName(), "BIGINT");
            equal(changed.getComment(), "z");
            sql("alter table " + table + " drop columns c3,c2;");
            equal(odps.tables().get(DELTA).getSchema().getColumns().size(), 3);
        });
        step("a session opened before a change is refused", () -> {
            TableTunnel.UpsertSession session = write(CompressAlgorithm.ODPS_RAW, row(50L, "x", null));
            sql("alter table " + DELTA + " add columns (w bigint);");
            refused("SchemaModified", () -> session.commit(false));
            session.close();
            sql("alter table " + DELTA + " drop columns w;");
        });
        step("a failed statement has its code", () -> {
            try {
                sql("alter table nope add columns (a bigint);");
                throw new AssertionError("it did not fail");
            } catch (OdpsException expected) {
                require(expected.getMessage().startsWith("ODPS-0130131"), expected.getMessage());
            }
        });
        step("a result is read as text", () -> {
            Instance instance = run("select id, v from " + DELTA + " where id in (1, 3) order by id;");
            equal(instance.getTaskResults().values().iterator().next(), "id,v\n1,a\n3,中文\n");
        });
        step("a result is read through the tunnel", () -> {
            Instance instance = run("select count(*) as n from " + DELTA + " where id < 4;");
            InstanceTunnel.DownloadSession session = new InstanceTunnel(odps).createDownloadSession(project, instance.getId());
            equal(session.getRecordCount(), 1L);
            equal(session.openRecordReader(0, 1).read().getBigint("n"), 2L);
        });
        step("a log view has an address", () ->
            require(odps.logview().generateLogView(run("select 1 as one;"), 1).startsWith("http"), "it has none"));
    }

    private void appends() {
        PartitionSpec partition = new PartitionSpec("pt='x y'");
        step("a partitioned table is created", () -> {
            TableSchema schema = new TableSchema();
            schema.addColumn(new Column("id", TypeInfoFactory.BIGINT));
            schema.addColumn(new Column("s", TypeInfoFactory.STRING));
            schema.addPartitionColumn(new Column("pt", TypeInfoFactory.STRING));
            odps.tables().newTableCreator(APPEND, schema).ifNotExists().create();
            odps.tables().get(APPEND).createPartition(partition, true);
            require(odps.tables().get(APPEND).hasPartition(partition), "the partition is not there");
            equal(odps.tables().get(APPEND).getPartitions().size(), 1);
        });
        for (CompressAlgorithm algorithm : ALGORITHMS) {
            step("a buffered writer overwrites, " + algorithm, () -> {
                CompressOption option = new CompressOption(algorithm, 1, 0);
                TableTunnel tunnel = tunnel(algorithm);
                TableTunnel.UploadSession session = tunnel.createUploadSession(project, APPEND, partition, true);
                TableTunnel.UploadSession reopened = tunnel.getUploadSession(project, APPEND, partition, session.getId());
                RecordWriter writer = reopened.openBufferedWriter(option);
                for (long number = 0; number < 1000; number++) {
                    Record record = reopened.newRecord();
                    record.set(0, number);
                    record.set(1, "row " + number);
                    writer.write(record);
                }
                writer.close();
                session.commit();
                TableTunnel.DownloadSession download = tunnel.createDownloadSession(project, APPEND, partition);
                equal(download.getRecordCount(), 1000L);
                RecordReader reader = download.openRecordReader(0, 1000, option);
                for (long number = 0; number < 1000; number++) {
                    Record record = reader.read();
                    equal(record.getBigint(0), number);
                    equal(record.getString(1), "row " + number);
                }
                require(reader.read() == null, "more rows than were written");
                reader.close();
            });
        }
        step("values of many types pass through a stream", () -> {
            sql("create table " + TYPES + " (t timestamp_ntz, j json, a array<string>, m map<string,bigint>, s struct<x:int,y:string>);");
            LocalDateTime time = LocalDateTime.of(2026, 1, 1, 12, 34, 56, 789_000_001);
            TableTunnel.StreamUploadSession session = new TableTunnel(odps).buildStreamUploadSession(project, TYPES).setSlotNum(2).build();
            StructTypeInfo struct = (StructTypeInfo) session.getSchema().getColumn(4).getTypeInfo();
            ArrayRecord record = (ArrayRecord) session.newRecord();
            record.set(0, time);
            record.set(1, new SimpleJsonValue("{\"a\":1}"));
            record.set(2, Arrays.asList("x", null));
            record.set(3, Collections.singletonMap("k", 1L));
            record.set(4, new SimpleStruct(struct, Arrays.<Object>asList(1, "b")));
            TableTunnel.StreamRecordPack pack = session.newRecordPack();
            pack.append(record);
            pack.flush();
            session.close();
            equal(rows(TYPES, null), Arrays.asList("[" + time + ", {\"a\":1}, [x, null], {k=1}, {x:1, y:b}]"));
        });
    }

    private void end() {
        step("tables are emptied, listed and dropped", () -> {
            odps.tables().get(DELTA).truncate();
            equal(rows(DELTA, null), Collections.emptyList());
            Set<String> names = new HashSet<>();
            for (Table table : odps.tables()) {
                names.add(table.getName());
            }
            require(names.containsAll(Arrays.asList(DELTA, APPEND, TYPES)), names.toString());
            for (String name : new String[] {DELTA, APPEND, TYPES}) {
                odps.tables().delete(project, name);
                require(!odps.tables().exists(name), name + " is still there");
            }
        });
    }

    /** Runs a step; its faults end with it. */
    private void step(String name, Step step) {
        try {
            step.run();
            System.out.println("ok      " + name);
        } catch (Exception | Error error) {
            failures++;
            System.out.println("FAILED  " + name);
            error.printStackTrace(System.out);
        }
        try {
            emulator("DELETE", "/faults", "");
        } catch (Exception error) {
            failures++;
            error.printStackTrace(System.out);
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    private static void equal(Object found, Object wanted) {
        require(Objects.equals(found, wanted), "found " + found + ", not " + wanted);
    }

    private static void refused(String code, Step step) throws Exception {
        try {
            step.run();
        } catch (TunnelException refusal) {
            equal(refusal.getErrorCode(), code);
            return;
        }
        throw new AssertionError("it was not refused");
    }

    /** A request for the emulator itself. */
    private void emulator(String method, String path, String body) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) new URL(endpoint + "/emulator" + path).openConnection();
        connection.setRequestMethod(method);
        if (!body.isEmpty()) {
            connection.setDoOutput(true);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(body.getBytes(StandardCharsets.UTF_8));
            }
        }
        require(connection.getResponseCode() < 300, method + " " + path + ": " + connection.getResponseCode());
    }

    private static Map<String, String> hints() {
        Map<String, String> hints = new HashMap<>();
        hints.put("odps.sql.type.system.odps2", "true");
        hints.put("odps.sql.decimal.odps2", "true");
        hints.put("odps.sql.allow.schema.evolution", "true");
        return hints;
    }

    private Instance run(String query) throws OdpsException {
        Instance instance = SQLTask.run(odps, project, query, hints(), null);
        instance.waitForSuccess();
        return instance;
    }

    private void sql(String query) throws OdpsException {
        run(query);
    }

    private TableTunnel tunnel(CompressAlgorithm algorithm) {
        CompressOption option = new CompressOption(algorithm, 1, 0);
        return new TableTunnel(odps, Configuration.builder(odps).withCompressOptions(option).build());
    }

    private static Object[] row(long id, String text, String decimal) {
        return new Object[] {id, text, decimal == null ? null : new BigDecimal(decimal)};
    }

    private static Record record(TableTunnel.UpsertSession session, Object[] values) {
        ArrayRecord record = (ArrayRecord) session.newRecord();
        for (int index = 0; index < values.length; index++) {
            record.set(index, values[index]);
        }
        return record;
    }

    /** A session of the Delta table with these rows written, not committed. */
    private TableTunnel.UpsertSession write(CompressAlgorithm algorithm, Object[]... rows) throws Exception {
        TableTunnel.UpsertSession session = tunnel(algorithm).buildUpsertSession(project, DELTA).setSlotNum(2).build();
        UpsertStream stream = session.buildUpsertStream().setCompressOption(new CompressOption(algorithm, 1, 0)).build();
        for (Object[] row : rows) {
            stream.upsert(record(session, row));
        }
        stream.close();
        return session;
    }

    /** The rows of a table as text, sorted. */
    private List<String> rows(String table, PartitionSpec partition) throws Exception {
        TableTunnel tunnel = new TableTunnel(odps);
        TableTunnel.DownloadSession session = partition == null
            ? tunnel.createDownloadSession(project, table)
            : tunnel.createDownloadSession(project, table, partition);
        List<String> rows = new ArrayList<>();
        if (session.getRecordCount() > 0) {
            RecordReader reader = session.openRecordReader(0, session.getRecordCount(), true);
            for (Record record = reader.read(); record != null; record = reader.read()) {
                List<Object> values = new ArrayList<>();
                for (int index = 0; index < record.getColumnCount(); index++) {
                    Object value = record.get(index);
                    values.add(value instanceof byte[] ? new String((byte[]) value, StandardCharsets.UTF_8) : value);
                }
                rows.add(values.toString());
            }
            reader.close();
        }
        Collections.sort(rows);
        return rows;
    }
}
