# What goes where: `make install` and `make deb`.
