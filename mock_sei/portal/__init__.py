"""The developer portal without its pages: applications, mails, certificate links, notices."""
