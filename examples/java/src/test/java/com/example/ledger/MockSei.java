package com.example.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** What a test needs of a running mock-sei: some calls of its control API. */
final class MockSei {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    // The control listener is on this machine or in this network: no proxy may be asked.
    private final HttpClient http =
            HttpClient.newBuilder().proxy(HttpClient.Builder.NO_PROXY).connectTimeout(TIMEOUT).build();
    private final String controlUrl;
    private final String twoWayUrl;
    private final String ca;

    private MockSei(String controlUrl, String twoWayUrl) throws IOException, InterruptedException {
        this.controlUrl = controlUrl.replaceAll("/$", "");
        waitUntilHealthy();
        JsonNode connection = JSON.readTree(call("GET", "/?limit=1", null));
        this.twoWayUrl = twoWayUrl == null ? connection.path("two_way_url").asText() : twoWayUrl;
        this.ca = call("GET", "/ca.pem", null);
    }

    /**
     * The server whose control address is in {@code MOCK_SEI_URL}, or else a container of its own. If
     * the ports of a server elsewhere are mapped, {@code MOCK_SEI_TWO_WAY_URL} is the address of its
     * two-way listener.
     */
    static MockSei shared() {
        return Shared.SERVER;
    }

    String twoWayUrl() {
        return twoWayUrl;
    }

    /** Registers and approves an application, which lives until it is closed. */
    Application newApplication() throws IOException, InterruptedException {
        Map<String, Object> form =
                Map.of(
                        "name", "java-" + UUID.randomUUID(),
                        "type", "server-server",
                        "actor", "server",
                        "own_data", true);
        Application application = new Application(JSON.readTree(call("POST", "/applications", form)));
        call("POST", "/applications/" + application.name + "/approve", null);
        return application;
    }

    /** Moves the platform's clock for everybody. No other test may run meanwhile. */
    void advanceClock(Duration by) throws IOException, InterruptedException {
        call("POST", "/clock/advance", Map.of("seconds", by.toSeconds()));
    }

    /** Sets the clock back to the machine's time. */
    void resetClock() throws IOException, InterruptedException {
        call("DELETE", "/clock", null);
    }

    /** An application of one test. Nobody else has its keys, account, certificate and records. */
    final class Application implements AutoCloseable {
        private final String name;
        private final String account;
        private final Ledger.Credentials credentials;

        private Application(JsonNode registered) {
            this.name = registered.path("name").asText();
            this.account = registered.path("service_account").asText();
            this.credentials =
                    new Ledger.Credentials(
                            registered.path("app_key").asText(),
                            registered.path("app_secret").asText(),
                            account,
                            registered.path("password").asText());
        }

        Ledger.Credentials credentials() {
            return credentials;
        }

        /** TLS settings with the CA and the certificate of the account. */
        SSLContext tls() throws IOException, InterruptedException, GeneralSecurityException {
            return tls(call("GET", "/service-accounts/" + account + "/identity", null));
        }

        /** TLS settings with a certificate that is wrong in one way, such as {@code expired}. */
        SSLContext tlsWith(String variant)
                throws IOException, InterruptedException, GeneralSecurityException {
            String path = "/service-accounts/" + account + "/certificates";
            return tls(call("POST", path, Map.of("variant", variant)));
        }

        /** Adds a record to those that this application sees, and no other one. */
        void addRecord(String collection, Map<String, Object> record)
                throws IOException, InterruptedException {
            call("POST", "/data/" + collection + "?application=" + name, record);
        }

        /** Makes something go wrong at calls of this application, and of no other one. */
        void addFault(Map<String, Object> fields) throws IOException, InterruptedException {
            call("POST", "/faults", only(fields));
        }

        /** Fails unless the journal has the calls of this application that are described. */
        void verify(Map<String, Object> wanted) throws IOException, InterruptedException {
            call("POST", "/journal/verify", only(wanted));
        }

        /** Removes the application with its certificates, tokens and faults. */
        @Override
        public void close() throws IOException {
            try {
                call("DELETE", "/applications/" + name, null);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private Map<String, Object> only(Map<String, Object> fields) {
            Map<String, Object> own = new HashMap<>(fields);
            own.put("application", name);
            return own;
        }

        private SSLContext tls(String identity) throws IOException, GeneralSecurityException {
            JsonNode pem = JSON.readTree(identity);
            char[] none = new char[0];
            KeyStore own = emptyStore();
            Certificate[] chain =
                    certificates(pem.path("certificate").asText() + pem.path("chain").asText());
            own.setKeyEntry("own", privateKey(pem.path("private_key").asText()), none, chain);
            KeyManagerFactory keys =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, none);

            KeyStore trusted = emptyStore();
            trusted.setCertificateEntry("mock-sei", certificates(ca)[0]);
            TrustManagerFactory trust =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);

            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        }
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Certificate[] certificates(String pem) throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
                .toArray(Certificate[]::new);
    }

    private static PrivateKey privateKey(String pem) throws GeneralSecurityException {
        byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----.*-----", ""));
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    private void waitUntilHealthy() throws IOException, InterruptedException {
        for (Instant deadline = Instant.now().plus(PATIENCE); ; Thread.sleep(100)) {
            try {
                call("GET", "/health", null);
                return;
            } catch (IOException error) {
                if (Instant.now().isAfter(deadline)) {
                    throw error;
                }
            }
        }
    }

    /** The answer to one call of the control API. */
    private String call(String method, String path, Object fields)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(controlUrl + path))
                        .timeout(TIMEOUT)
                        .method(
                                method,
                                fields == null
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(JSON.writeValueAsString(fields)))
                        .build();
        HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
        if (response.statusCode() >= 400) {
            throw new IOException(method + " " + path + ": " + reasonOf(response));
        }
        return response.body();
    }

    private static String reasonOf(HttpResponse<String> response) {
        try {
            return JSON.readTree(response.body()).path("detail").asText();
        } catch (IOException notJson) {
            return String.valueOf(response.statusCode());
        }
    }

    /** Java makes it when it is first asked for, once for all threads. */
    private static final class Shared {
        private static final MockSei SERVER = find();

        private static MockSei find() {
            String attached = System.getenv("MOCK_SEI_URL");
            try {
                return attached == null
                        ? new MockSei(MockSeiContainer.controlUrl(), MockSeiContainer.twoWayUrl())
                        : new MockSei(attached, System.getenv("MOCK_SEI_TWO_WAY_URL"));
            } catch (IOException error) {
                throw new IllegalStateException("mock-sei cannot be reached: " + error, error);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(interrupted);
            }
        }
    }
}
