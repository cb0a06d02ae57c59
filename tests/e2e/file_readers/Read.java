// Which shapes of files Java reads: CertificateFactory for certificates, KeyStore for containers.
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;

public class Read {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            String[] parts = line.split("\t");
            byte[] content = Files.readAllBytes(Path.of(parts[1]));
            boolean read = certificates(content) || store(content, arguments[1].toCharArray());
            System.out.println(parts[0] + "\t" + (read ? "" : "not read"));
        }
    }

    static boolean certificates(byte[] content) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        try {
            if (factory.generateCertificate(new ByteArrayInputStream(content)) != null) {
                return true;
            }
        } catch (Exception exception) {
            // a bundle of several may be read all the same
        }
        try {
            return !factory.generateCertificates(new ByteArrayInputStream(content)).isEmpty();
        } catch (Exception exception) {
            return false;
        }
    }

    static boolean store(byte[] content, char[] passphrase) throws Exception {
        if (content.length == 0 || content[0] == '-') {
            return false;
        }
        for (String type : new String[] {"PKCS12", "JKS", "JCEKS"}) {
            KeyStore store = KeyStore.getInstance(type);
            try {
                store.load(new ByteArrayInputStream(content), passphrase);
                if (store.size() > 0) {
                    return true;
                }
            } catch (Exception exception) {
                // of another type
            }
        }
        return false;
    }
}
