package com.example.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.parallel.ResourceAccessMode.READ;
import static org.junit.jupiter.api.parallel.ResourceAccessMode.READ_WRITE;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Each test has an application of its own, so they run at the same time on one server. */
@Execution(ExecutionMode.CONCURRENT)
class LedgerTest {
    private static final int SEEDED = 130; // investors of an application whose test has added none
    private static final String CLOCK = "the platform's clock";

    private final MockSei server = MockSei.shared();

    @Test
    @ResourceLock(value = CLOCK, mode = READ)
    void everyPageIsRead() throws Exception {
        try (MockSei.Application application = server.newApplication()) {
            application.addRecord(
                    "investors", Map.of("externalId", "INV-NEW", "name", "Example Investor"));

            assertEquals(SEEDED + 1, ledgerOf(application).investors().size());

            application.verify(Map.of("operation", "POST /v2/oauthtoken", "times", 1));
            application.verify(Map.of("operation", "GET /v2/investors", "status", 200, "times", 3));
        }
    }

    @Test
    @ResourceLock(value = CLOCK, mode = READ)
    void aSecondPageThatIsUnavailableIsReadAgain() throws Exception {
        try (MockSei.Application application = server.newApplication();
                MockSei.Application other = server.newApplication()) {
            String operation = "GET /v2/investors";
            Map<String, Object> query = Map.of("cursor", Map.of("matches", ".")); // not the first page
            application.addFault(
                    Map.of(
                            "operation", operation,
                            "query", query,
                            "status", 503,
                            "retry_after", 0,
                            "times", 1));

            assertEquals(SEEDED, ledgerOf(application).investors().size());
            assertEquals(SEEDED, ledgerOf(other).investors().size());

            application.verify(
                    Map.of("operation", operation, "query", query, "status", 503, "times", 1));
            application.verify(Map.of("operation", operation, "status", 200, "times", 3));
            other.verify(Map.of("operation", operation, "status", 503, "times", 0));
        }
    }

    @Test
    @ResourceLock(value = CLOCK, mode = READ_WRITE) // the clock is everybody's
    void aTokenThatExpiredIsRenewed() throws Exception {
        try (MockSei.Application application = server.newApplication()) {
            Ledger ledger = ledgerOf(application);
            ledger.investors();
            try {
                server.advanceClock(Duration.ofMinutes(31)); // a token may be idle for 30 minutes

                assertEquals(SEEDED, ledger.investors().size());
            } finally {
                server.resetClock();
            }
            application.verify(Map.of("operation", "GET /v2/investors", "status", 401, "times", 1));
            application.verify(Map.of("operation", "POST /v2/oauthtoken", "times", 2));
        }
    }

    @Test
    @ResourceLock(value = CLOCK, mode = READ)
    void anExpiredCertificateIsRefused() throws Exception {
        try (MockSei.Application application = server.newApplication()) {
            Ledger ledger =
                    new Ledger(
                            server.twoWayUrl(),
                            application.credentials(),
                            application.tlsWith("expired"));

            IOException refused = assertThrows(IOException.class, ledger::investors);

            assertTrue(refused.getMessage().contains("certificate_expired"), refused.getMessage());
            application.verify(Map.of("kind", "handshake", "times", 1));
        }
    }

    private Ledger ledgerOf(MockSei.Application application) throws Exception {
        return new Ledger(server.twoWayUrl(), application.credentials(), application.tls());
    }
}
